"""The commands that a README shows, and what it says that they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PROMPT = "$ "
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """One command."""

    line: int
    """Where it is in the file, counted from 1."""
    command: str
    expected: tuple[str, ...]
    """The lines that it should print, without their ends."""


def steps(text: str) -> list[Step]:
    """All commands of a README, in order. Raises ValueError for a block that does not begin with one."""
    return [
        step
        for block in _BLOCK.finditer(text)
        for step in _of_block(block[1], text.count("\n", 0, block.start(1)) + 1)
    ]


def _of_block(block: str, first: int) -> Iterator[Step]:
    lines = block.splitlines()
    if not block.startswith(_PROMPT):
        raise ValueError(f"line {first}: a console block begins with a command, '$ COMMAND'")
    starts = [number for number, line in enumerate(lines) if line.startswith(_PROMPT)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        command = lines[start].removeprefix(_PROMPT)
        yield Step(first + start, command, tuple(lines[start + 1 : end]))
