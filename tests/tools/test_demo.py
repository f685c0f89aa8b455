"""The demo itself: every command of the tour in a local cloud of its own, and what a wrong result does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scar.local import cloud
from tools import demo


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of the test's own, and no local cloud left in it."""
    monkeypatch.setenv("SCAR_HOME", str(tmp_path))
    yield
    cloud.stop()


@pytest.mark.usefixtures("home", "kit")
def test_every_command_of_the_tour_is_right(registry: str, capfd: pytest.CaptureFixture[str]) -> None:
    cloud.start()
    demo.tour(demo.Demo(registry))
    shown = capfd.readouterr().out
    assert shown.count("\n$ scar ") == 17
    assert shown.count("^__^") >= 7


@pytest.mark.parametrize("command", ["echo what", "sh -c 'echo wanted; exit 3'"])
def test_a_wrong_result_ends_the_demo(command: str) -> None:
    with pytest.raises(SystemExit, match="This is wrong"):
        demo.Demo("http://127.0.0.1:1").run(command, demo.has("wanted"), "wanted")


def test_a_right_result_is_returned() -> None:
    assert demo.Demo("http://127.0.0.1:1").run("echo wanted", demo.has("wanted"), "wanted") == "wanted\n"
