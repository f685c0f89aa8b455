"""Draws docs/session.svg, a terminal in which the commands of the README run: ``make picture``.

The commands are real and so is what they print: they run in a local cloud of their own, on a terminal. What
its screen shows in the end, colours too, is the picture. Request ids, dates and digests are those of the run.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

import pyte
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tools import registry
from tools.local_aws import client
from tools.own_cloud import own_cloud

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "session.svg"

COLUMNS = 96
LINES = 200
"""More than a session has: nothing scrolls away."""

BUCKET, RESULT = "my-bucket", "output/hello-said.txt"
SENDING = (
    f"scar init --local -n cow -s say-file.sh -es {BUCKET} grycap/cowsay",
    "scar run --local cow /usr/games/cowsay Moo",
    f"scar put --local hello.txt {BUCKET}/input/",
)
FETCHING = (
    f"scar get --local {BUCKET}/output/ results",
    "cat results/hello-said.txt",
)
"""What is typed in a folder with the files of examples/cowsay; the second part when the result is there."""

_PROMPT = Style(color="green", bold=True)
_TYPED = Style(bold=True)
_COLORS = {"brown": "yellow"}
"""Of pyte's names those that rich does not have."""

_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<!-- Made by make picture. -->
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""That of rich, without the fonts that it fetches."""


def draw() -> str:
    """The picture of a session in the local cloud that SCAR's variables name, which has to run."""
    with tempfile.TemporaryDirectory(prefix="scar-picture-") as folder:
        for name in ("say-file.sh", "hello.txt"):
            Path(folder, name).write_bytes((ROOT / "examples" / "cowsay" / name).read_bytes())
        lines = list(_lines(SENDING, folder))
        client("s3").get_waiter("object_exists").wait(Bucket=BUCKET, Key=RESULT, WaiterConfig={"Delay": 1})
        return _svg([*lines, *_lines(FETCHING, folder)])


def _lines(commands: Iterable[str], folder: str) -> Iterator[Text]:
    """Each command as it is typed, what it prints, and an empty line."""
    for command in commands:
        yield Text.assemble(("$ ", _PROMPT), (command, _TYPED))
        yield from printed(command, folder)
        yield Text()


def printed(command: str, folder: str) -> list[Text]:
    """The lines that a terminal shows at the end of a command. Raises SystemExit if it fails."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    with subprocess.Popen(
        shlex.split(command), cwd=folder, stdin=its, stdout=its, stderr=its, env=_environment()
    ) as process:
        os.close(its)
        for data in _read(ours):
            stream.feed(data)
    os.close(ours)
    if process.returncode != 0:
        raise SystemExit("\n".join([f"{command}: exit status {process.returncode}", *screen.display]))
    return [_line(screen, y) for y in range(screen.cursor.y)]


def _environment() -> Mapping[str, str]:
    programs = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TERM": "xterm-256color"}


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 4096)
        except OSError:  # EIO: nobody has its other end open any more
            return


def _line(screen: pyte.Screen, y: int) -> Text:
    characters = [screen.buffer[y][x] for x in range(screen.columns)]
    text = Text()
    for style, run in groupby(characters, _style):
        text.append("".join(character.data for character in run), style)
    text.rstrip()
    return text


def _style(character: Char) -> Style:
    return Style(
        color=_color(character.fg),
        bgcolor=_color(character.bg),
        bold=character.bold,
        reverse=character.reverse,
    )


def _color(name: str) -> str:
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    return _COLORS.get(name, name).replace("bright", "bright_")


def _svg(lines: list[Text]) -> str:
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    console.print(Text("\n").join(lines[:-1]))
    svg = console.export_svg(title="SCAR", code_format=_FORMAT, unique_id="session")
    # Only runs of spaces need to be hard ones: so the program's words are found in the file.
    return re.sub("(?<![;>])&#160;(?![&<])", " ", svg)


if __name__ == "__main__":
    with registry.serving() as url, own_cloud(url):
        PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE)
