"""The documentation: what is made of the program is up to date, and every link in it leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools import messages, reference

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_made_of_the_program_is_what_the_program_says() -> None:
    made = reference.made()
    assert {page: page.read_text(encoding="utf-8") for page in made} == made, "make docs"


def test_troubleshooting_has_every_error_message() -> None:
    lacking = [f"{message.where}: {message.text}" for message in messages.lacking(_told())]
    assert lacking == [], "docs/troubleshooting.md needs an entry for these, with cause and remedy"


def test_troubleshooting_has_no_message_that_is_none_any_more() -> None:
    said = messages.messages()
    assert [entry for entry in _told() if not any(message.is_told_as(entry) for message in said)] == []


def _told() -> list[str]:
    return messages.entries(messages.PAGE.read_text(encoding="utf-8"))


def test_every_link_leads_somewhere_and_no_page_fetches_from_elsewhere(tmp_path: Path) -> None:
    mkdocs = Path(sys.executable).with_name("mkdocs")
    ran = subprocess.run(
        [mkdocs, "build", "--site-dir", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    pages = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.html")}
    assert {"index.html", "commands.html", "aws/index.html"} <= pages.keys()
    fetching = re.compile(r'(?:src|<link rel="stylesheet" href)="http')
    assert [page for page, text in pages.items() if fetching.search(text)] == []
