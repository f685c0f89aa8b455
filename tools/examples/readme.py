"""The commands that a README shows, and what it says that they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tools.images import ROOT

FOLDER = ROOT / "examples"
_PROMPT = "$ "
_IMAGE = re.compile(r"\bgrycap/[a-z0-9-]+")
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """One command."""

    line: int
    """Where it is in the file, counted from 1."""
    command: str
    expected: tuple[str, ...]
    """The lines that it should print, without their ends."""


class Example(NamedTuple):
    """A folder of ``examples/``."""

    name: str
    steps: tuple[Step, ...]

    @property
    def readme(self) -> str:
        """Its path in the checkout."""
        return f"examples/{self.name}/README.md"

    @property
    def images(self) -> set[str]:
        """Those of examples that its commands name."""
        return {name for step in self.steps for name in _IMAGE.findall(step.command)}


def names() -> list[str]:
    """Those of all examples."""
    return sorted(readme.parent.name for readme in FOLDER.glob("*/README.md"))


def read(name: str) -> Example:
    """One example. Raises ValueError for a block that does not begin with a command."""
    return Example(name, tuple(steps((FOLDER / name / "README.md").read_text(encoding="utf-8"))))


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
