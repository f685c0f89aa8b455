"""The picture of a session in the README: it is what the program prints, and it fetches nothing."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.color import Color
from rich.console import Console

from tests.browser import open_page
from tools import picture
from tools.own_cloud import own_cloud

OF_ONE_RUN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}|\d[\d,/.]*")
"""Request ids, log streams and digests; dates, sizes and other numbers."""


@pytest.mark.usefixtures("kit")
def test_shows_what_the_program_prints(registry: str) -> None:
    there = _lines(picture.PICTURE.read_text(encoding="utf-8"))
    with own_cloud(registry):
        assert there == _lines(picture.draw()), "make picture"
    assert "$ scar run --local cow /usr/games/cowsay Moo" in there
    assert "< Moo >" in there


def test_fetches_nothing() -> None:
    assert open_page(picture.PICTURE).requests == []


def test_a_command_that_fails_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="scar ls --no-such: exit status 2"):
        picture.printed("scar ls --no-such", str(tmp_path))


def test_has_what_a_screen_shows_in_the_end_with_its_colours(tmp_path: Path) -> None:
    command = r"printf 'a bar\r\033[2K\033[1;33mbold\033[0m and \033[38;2;1;2;3mother\033[0m  \n\n end\n'"
    first, *others = picture.printed(command, str(tmp_path))
    assert [line.plain for line in (first, *others)] == ["bold and other", "", " end"]
    console = Console()
    bold, other = first.get_style_at_offset(console, 0), first.get_style_at_offset(console, 10)
    assert (bold.bold, bold.color) == (True, Color.parse("yellow"))
    assert (other.bold, other.color) == (False, Color.parse("#010203"))


def _lines(svg: str) -> list[str]:
    """The text, line by line, without what is another in each run."""
    drawn: dict[str, str] = {}
    for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):  # noqa: S314 - our own
        y = text.get("y", "")
        drawn[y] = drawn.get(y, "") + (text.text or "").replace("\N{NO-BREAK SPACE}", " ")
    return [OF_ONE_RUN.sub("N", line.rstrip()) for line in drawn.values()]
