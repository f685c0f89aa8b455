"""A call's folder comes and goes with the call."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scar_supervisor.folder import CallFolders, remove_abandoned


def visible(folder: Path) -> list[str]:
    """What is left for anybody to see; the folder that is put aside for the next call must be empty."""
    aside = [path for path in folder.glob(".scar-*/*") if path.name != ".scar"]
    assert [path.name for path in aside if path.name not in ("input", "output") or any(path.iterdir())] == []
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".scar-"))


def test_it_has_its_folders_and_goes_at_the_end(tmp_path: Path) -> None:
    folders = CallFolders(bytes(tmp_path))
    for _ in range(3):
        with folders.folder("id") as folder:
            assert Path(os.fsdecode(folder.input)) == tmp_path / "id/input"
            assert list((tmp_path / "id").glob("*/*")) == []
            for name in ("x", "output/x", "input/x", ".dot"):
                (tmp_path / "id" / name).write_text("x")
        assert visible(tmp_path) == []


def test_it_goes_after_an_error_and_whatever_was_left_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")

    def fail() -> None:
        with CallFolders(bytes(tmp_path)).folder("id"):
            deep = tmp_path / "id/output/a/b"
            deep.mkdir(parents=True)
            (deep / "x").write_text("x")
            (tmp_path / "id/output/link").symlink_to(outside)
            (tmp_path / "id/output/a").chmod(0)
            raise RuntimeError("the call fails")

    with pytest.raises(RuntimeError, match="the call fails"):
        fail()
    assert visible(tmp_path) == ["outside"]
    assert (outside / "kept").exists()


def test_renewing_leaves_nothing_to_the_next_container(tmp_path: Path) -> None:
    with CallFolders(bytes(tmp_path)).folder("id") as folder:
        (tmp_path / "id/input/x").write_text("x")
        (tmp_path / "id/output").rmdir()
        (tmp_path / "id/output").write_text("a file in place of the folder")
        folder.renew()
        assert sorted(path.name for path in tmp_path.glob("id/*/*")) == []
        assert (tmp_path / "id/output").is_dir()


@pytest.mark.parametrize(
    "damage",
    [
        lambda call: call.chmod(0o755),
        lambda call: (call / ".scar").unlink(),
        lambda call: call.rename(call.with_name("moved")),
        lambda call: (call / "input").chmod(0o777),
        lambda call: shutil.rmtree(call / "output"),
        lambda call: ((call / "output").rmdir(), (call / "output").symlink_to("/etc")),
    ],
)
def test_what_a_container_does_to_the_folder_does_not_reach_the_next_call(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    folders = CallFolders(bytes(tmp_path))
    with folders.folder("one"):
        damage(tmp_path / "one")
    with folders.folder("two"):
        for folder in (tmp_path / "two", tmp_path / "two/input", tmp_path / "two/output"):
            assert stat.S_IMODE(folder.lstat().st_mode) == 0o700
        assert list((tmp_path / "two").glob("*/*")) == []
    assert Path("/etc/passwd").exists()


def test_copying_one_folder_s_times_to_another_does_not_hide_what_is_in_it(tmp_path: Path) -> None:
    folders = CallFolders(bytes(tmp_path))
    with folders.folder("one"):
        (tmp_path / "one/output/left").write_text("x")
        shutil.copystat(tmp_path / "one/input", tmp_path / "one/output")
    with folders.folder("two"):
        assert list((tmp_path / "two/output").iterdir()) == []


def test_a_call_whose_folder_cannot_be_put_aside_spoils_no_other(tmp_path: Path) -> None:
    folders = CallFolders(bytes(tmp_path))
    with pytest.raises(NotADirectoryError), folders.folder("one"):
        (tmp_path / f".scar-{os.getpid()}").write_text("in the way")
    with folders.folder("two"):
        assert list((tmp_path / "two/output").iterdir()) == []
    assert visible(tmp_path) == []


def test_what_a_dead_process_of_the_same_number_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f".scar-{os.getpid()}/input/old").mkdir(parents=True)
    with CallFolders(bytes(tmp_path)).folder("id"):
        assert list((tmp_path / "id/input").iterdir()) == []


def test_a_retry_of_a_killed_call_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "id/input/old").mkdir(parents=True)
    with CallFolders(bytes(tmp_path)).folder("id"):
        assert list((tmp_path / "id/input").iterdir()) == []


def test_only_folders_of_dead_calls_are_removed(tmp_path: Path) -> None:
    script = (
        "import os, sys, time; from scar_supervisor.folder import CallFolders\n"
        "with CallFolders(os.fsencode(sys.argv[1])).folder(sys.argv[2]):\n"
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
