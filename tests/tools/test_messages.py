"""Error messages are found in a source, however they are put together, and told from what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.messages import Message, entries, lacking, messages

SOURCE = '''
from errors import ScarError


class Refused(ScarError):
    """One of ours, by what it is derived from."""


class Elsewhere(Exception):
    """None of ours."""


def fail(name, code):
    reason = "is empty" if code else f"has {name}"
    if code:
        raise Refused(f"{name} {reason}: " + ("a" if name else "b"), hint="not this")
    raise Elsewhere("not this either")


def again(error):
    raise ScarError(str(error)) from error


def within(name):
    def raises():
        raise errors.ScarError(f"{name!r}{name}, once")
    return raises
'''


def test_finds_every_text_of_an_error_once(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(SOURCE)
    texts = [message.text for message in messages(tmp_path)]
    assert sorted(texts) == [
        "… has …: a",
        "… has …: b",
        "… is empty: a",
        "… is empty: b",
        "…, once",
    ]


def test_tells_where(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "module.py").write_text("def f():\n    raise UsageError('is bad')\n")
    assert messages(tmp_path) == [Message("is bad", "folder/module.py:2")]


@pytest.mark.parametrize("entry", ["… has … bytes: …", "FILE has 1,024 bytes: …", "FILE has N bytes: "])
def test_an_entry_fills_fields_with_what_stands_for_something(entry: str) -> None:
    assert Message("… has … bytes: …", "").is_told_as(entry)


@pytest.mark.parametrize(
    "entry", ["FILE has many bytes: …", "FILE has N Bytes: …", "FILE has N bytes: … now"]
)
def test_an_entry_of_other_words_is_about_another_message(entry: str) -> None:
    assert not Message("… has … bytes: …", "").is_told_as(entry)


def test_entries_are_the_code_in_the_first_column() -> None:
    table = "| message | help |\n| --- | --- |\n| `a`<br>``b `c` d`` | `not this` |\n| `e …` | see |\n"
    assert entries(f"`not this`\n\n{table}") == ["a", "b `c` d", "e …"]


def test_a_class_of_the_same_name_elsewhere_hides_none(tmp_path: Path) -> None:
    source = "class Refused({base}): pass\ndef f():\n    raise Refused('is refused')\n"
    (tmp_path / "a.py").write_text(source.format(base="ScarError"))
    (tmp_path / "b.py").write_text(source.format(base="Exception"))
    assert Message("is refused", "a.py:3") in messages(tmp_path)


def test_the_source_of_scar_has_messages_and_an_empty_page_lacks_all_of_them() -> None:
    assert lacking([]) == messages() != []
