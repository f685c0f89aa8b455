"""What is otherwise than with Docker in an image that runs under F1, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from scar.inspection.facts import Facts
from scar_supervisor.f1 import disregarded

_MOST_PATHS = 8
"""That a sentence names."""


def notes(facts: Facts) -> Iterator[str]:
    """The sentences, without the full stop."""
    if wish := disregarded(facts.config):
        yield wish
    if facts.start.doubt:
        yield f"{facts.start.command[0]} is given a program that it may start: {facts.start.doubt}"
    if facts.privileged:
        yield f"setuid and setgid have no effect: {_some(facts.privileged)}"
    if facts.static and facts.runtime.libc == "glibc":
        yield f"static programs do not run under F1: {_some(facts.static)}"


def _some(paths: tuple[str, ...]) -> str:
    more = len(paths) - _MOST_PATHS
    return ", ".join(paths[:_MOST_PATHS]) + (f" and {more} more" if more > 0 else "")
