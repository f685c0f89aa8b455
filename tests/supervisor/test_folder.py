"""A call's folder comes and goes with the call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scar_supervisor.folder import CallFolder, remove_abandoned, remove_newer


def test_it_has_its_folders_and_goes_at_the_end(tmp_path: Path) -> None:
    with CallFolder(bytes(tmp_path), "id") as folder:
        assert Path(os.fsdecode(folder.input)) == tmp_path / "id/input"
        (tmp_path / "id/output/x").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_it_goes_after_an_error_and_whatever_was_left_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")

    def fail() -> None:
        with CallFolder(bytes(tmp_path), "id"):
            deep = tmp_path / "id/output/a/b"
            deep.mkdir(parents=True)
            (deep / "x").write_text("x")
            (tmp_path / "id/output/link").symlink_to(outside)
            (tmp_path / "id/output/a").chmod(0)
            raise RuntimeError("the call fails")

    with pytest.raises(RuntimeError, match="the call fails"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (outside / "kept").exists()


def test_renewing_leaves_nothing_to_the_next_container(tmp_path: Path) -> None:
    with CallFolder(bytes(tmp_path), "id") as folder:
        (tmp_path / "id/input/x").write_text("x")
        (tmp_path / "id/output").rmdir()
        (tmp_path / "id/output").write_text("a file in place of the folder")
        folder.renew()
        assert sorted(path.name for path in tmp_path.glob("id/*/*")) == []
        assert (tmp_path / "id/output").is_dir()


def test_a_retry_of_a_killed_call_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "id/input/old").mkdir(parents=True)
    with CallFolder(bytes(tmp_path), "id"):
        assert list((tmp_path / "id/input").iterdir()) == []


def test_only_folders_of_dead_calls_are_removed(tmp_path: Path) -> None:
    script = (
        "import os, sys, time; from scar_supervisor.folder import CallFolder\n"
        "with CallFolder(os.fsencode(sys.argv[1]), sys.argv[2]):\n"
        "    print('ready', flush=True); time.sleep(60)"
    )
    (tmp_path / "somebody's").mkdir()
    killed, alive = (
        subprocess.Popen([sys.executable, "-c", script, tmp_path, name], stdout=subprocess.PIPE, text=True)
        for name in ("killed", "alive")
    )
    try:
        for child in (killed, alive):
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        remove_abandoned(bytes(tmp_path))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["alive", "somebody's"]
    finally:
        for child in (killed, alive):
            child.kill()
            child.communicate()


def test_only_what_came_later_is_removed(tmp_path: Path) -> None:
    (tmp_path / "of the image").write_text("x")
    moment = (tmp_path / "of the image").lstat().st_ctime_ns
    while not (tmp_path / "new").exists() or (tmp_path / "new").lstat().st_ctime_ns == moment:
        (tmp_path / "new").unlink(missing_ok=True)  # the clock of a file system is coarse
        (tmp_path / "new").write_text("x")
    (tmp_path / "folder/deep").mkdir(parents=True)
    remove_newer(bytes(tmp_path), moment)
    assert [path.name for path in tmp_path.iterdir()] == ["of the image"]
    remove_newer(bytes(tmp_path / "missing"), 0)
