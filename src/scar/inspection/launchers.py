"""What a program that only starts another would start, as far as its arguments tell."""

from __future__ import annotations

import os
from typing import NamedTuple

_SHELLS = frozenset((b"sh", b"ash", b"bash", b"dash", b"ksh", b"zsh"))

_WITH_VALUE = {
    b"nice": frozenset((b"-n", b"--adjustment")),
    b"tini": frozenset((b"-p", b"-e")),
    b"dumb-init": frozenset((b"-r", b"--rewrite")),
}
"""Programs that start what follows their options, and which of these take the next word, too."""

_MARKS = frozenset("|&;<>()$`\\\"'*?[]{}#~=%!\n")
"""With one of these a text is more than words, to a shell and to `env -S`."""


class Started(NamedTuple):
    """A command that a program starts."""

    command: tuple[bytes, ...]
    is_program: bool
    """False if it may be a word that a shell knows itself."""


def started_by(argv: tuple[bytes, ...]) -> Started | None:
    """What is started in turn; None if nothing is, or that cannot be told."""
    name, words = os.path.basename(argv[0]), argv[1:]
    if name in _SHELLS:
        command = _of_shell(words)
    elif name == b"env":
        command = _of_env(words)
    elif name in _WITH_VALUE:
        command = _after_options(words, _WITH_VALUE[name])
    else:
        return None
    return Started(command, is_program=name not in _SHELLS) if command else None


def _of_shell(words: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The command in `sh -c COMMAND`, as builders write the shell form."""
    if len(words) < 2 or words[0] != b"-c":
        return ()
    plain = _plain(words[1])
    return plain[1:] if plain[:1] == (b"exec",) else plain


def _of_env(words: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """That of `env [-S] [NAME=VALUE...] COMMAND`, also with all after -S in one word, as `#!` gives it."""
    if words and words[0].startswith(b"-S"):
        words = (words[0][2:], *words[1:]) if len(words[0]) > 2 else words[1:]
        words = (*_plain(words[0]), *words[1:]) if words else ()
    while words and b"=" in words[0] and not words[0].startswith((b"-", b"PATH=")):
        words = words[1:]
    is_plain = words and not words[0].startswith((b"-", b"PATH="))  # with an option it may look elsewhere
    return words if is_plain else ()


def _after_options(words: tuple[bytes, ...], with_value: frozenset[bytes]) -> tuple[bytes, ...]:
    while words and words[0].startswith(b"-"):
        option, words = words[0], words[1:]
        if option == b"--":
            break
        if option in with_value:
            words = words[1:]
    return words


def _plain(text: bytes) -> tuple[bytes, ...]:
    """The words of a text; none if it is more than words."""
    return () if _MARKS.intersection(os.fsdecode(text).strip()) else tuple(text.split())
