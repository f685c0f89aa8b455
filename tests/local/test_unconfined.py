"""The local cloud on a machine that has no bubblewrap."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.support import Aws, alive, eventually, running

SPAWN = """
    import os, subprocess, time

    def handle(event, context):
        if event == "look":
            return "new"
        subprocess.run(["sh", "-c", "sleep 1000 & echo orphan $!"], start_new_session=True)
        print("runtime", os.getpid())
        time.sleep(event)
        os._exit(1)
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The services of a cloud without a sandbox."""
    with running(tmp_path_factory.mktemp("bare"), SCAR_LOCAL_SANDBOX="none") as cloud:
        yield Aws(cloud)


def test_the_cloud_says_what_it_does_not_enforce(bare: Aws) -> None:
    assert bare.cloud.sandbox == "none"
    assert "SCAR_LOCAL_SANDBOX=none" in bare.cloud.limitations[0]


def test_a_function_runs_from_its_own_folder_as_the_user_of_the_daemon(bare: Aws) -> None:
    function = bare.function(
        """
        import os, shutil

        def handle(event, context):
            return os.getuid(), os.getcwd(), dict(os.environ), shutil.which("tar")
        """
    )
    uid, folder, variables, tar = function.call().payload
    assert uid == os.getuid()
    assert folder == variables["LAMBDA_TASK_ROOT"]
    assert Path(folder, "main.py").is_file()
    assert "HOME" not in variables
    assert tar is None


@pytest.mark.parametrize("seconds", [0, 60], ids=["crash", "time-out"])
def test_every_process_of_a_failed_call_is_ended(bare: Aws, seconds: int) -> None:
    function = bare.function(SPAWN, Timeout=2)
    answer = function.call(seconds)
    assert answer.payload["errorType"] == ("Sandbox.Timedout" if seconds else "Runtime.ExitError")
    pids = [int(line.split()[1]) for line in function.logged("orphan") + function.logged("runtime")]
    assert len(pids) == 2
    eventually(lambda: not any(map(alive, pids)))
    assert function.call("look").payload == "new"


def test_memory_is_enforced(bare: Aws) -> None:
    function = bare.function(
        "import time\ndef handle(event, context): x = bytearray(300 << 20); time.sleep(5)"
    )
    assert function.call().payload["errorMessage"].endswith("signal: killed")


def test_each_environment_has_a_folder_for_its_tmp_that_goes_with_it(bare: Aws) -> None:
    look = """
        import os

        def handle(event, context):
            open(os.environ["TMPDIR"] + "/left", "w").close()
            return os.environ["TMPDIR"]
    """
    one, other = bare.function(look), bare.function(look)
    folders = {function.call().payload for function in (one, other)}
    assert len(folders) == 2
    assert all(Path(folder, "left").exists() for folder in folders)
    bare.functions.delete_function(FunctionName=one.name)
    eventually(lambda: sum(Path(folder).exists() for folder in folders) == 1)
