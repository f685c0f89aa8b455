"""The summary: one row for each function of the examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tools.examples.figures import Figures

HEADER = ("example", "image", "packed", "unpacked", "cold", "warm", "memory used")


class Size(NamedTuple):
    """Of an image, in bytes."""

    packed: int
    unpacked: int


def table(rows: Iterable[tuple[str, Figures]], sizes: Mapping[str, Size]) -> str:
    """A table in Markdown of pairs of an example's name and a function's figures."""
    cells = [HEADER, *(_cells(name, figures, sizes[figures.image]) for name, figures in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(row, widths) for row in cells]
    return "\n".join([lines[0], _line(["-" * width for width in widths], widths), *lines[1:]])


def _cells(name: str, figures: Figures, size: Size) -> Sequence[str]:
    warm = figures.warm_seconds
    return (
        name,
        figures.image,
        _megabytes(size.packed),
        _megabytes(size.unpacked),
        f"{figures.cold_seconds:.1f} s",
        "" if warm is None else f"{warm:.2f} s",
        f"{figures.memory_used_mb} of {figures.memory_mb} MB",
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(map(str.ljust, cells, widths))} |"
