"""Starting, finding and stopping the cloud."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scar.errors import ScarError, UsageError
from scar.local import cloud as local_cloud
from scar.local.memory import descendants
from tests.local.support import Aws, alive, environment, eventually, running

START = "from scar.local import cloud; print(cloud.start().pid)"
LEAVE = """
    import os, subprocess, time

    def handle(event, context):
        subprocess.run(["sh", "-c", "sleep 1000 &"], start_new_session=True)
        subprocess.Popen(["sleep", "1000"])
        print("started")
        time.sleep(event)
"""


def test_two_commands_that_start_it_at_once_get_the_same_cloud(tmp_path: Path) -> None:
    with environment(tmp_path):
        commands = [
            subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        pids = {command.communicate()[0] for command in commands}
        try:
            assert len(pids) == 1
            found = local_cloud.status()
            assert found
            assert pids == {f"{found.pid}\n"}
            assert local_cloud.start() == found
            state = tmp_path / "local" / "state.json"
            assert stat.S_IMODE(state.stat().st_mode) == 0o600
            assert stat.S_IMODE(state.parent.stat().st_mode) == 0o700
        finally:
            assert local_cloud.stop() is True
        assert local_cloud.status() is None
        assert local_cloud.stop() is False
        assert not state.exists()


@pytest.mark.parametrize("sandbox", ["auto", "none"])
@pytest.mark.parametrize("way", ["stop", "SIGKILL"])
def test_no_process_is_left_behind(tmp_path: Path, way: str, sandbox: str) -> None:
    with running(tmp_path, SCAR_LOCAL_SANDBOX=sandbox) as cloud:
        function = Aws(cloud).function(LEAVE)
        function.call(0)
        function.send(60)
        function.send(60)
        eventually(lambda: len(function.logged("started")) == 3)
        pids = [cloud.pid, *descendants(cloud.pid)]
        assert len(pids) > 10
        if way == "stop":
            with environment(tmp_path):
                assert local_cloud.stop()
        else:
            os.kill(cloud.pid, signal.SIGKILL)
        eventually(lambda: not any(map(alive, pids)))


def test_the_state_of_a_daemon_that_was_killed_is_stale(tmp_path: Path) -> None:
    with running(tmp_path) as cloud:
        os.kill(cloud.pid, signal.SIGKILL)
        with environment(tmp_path):
            eventually(lambda: local_cloud.status() is None)
            state = tmp_path / "local" / "state.json"
            content = json.loads(state.read_text())
            state.write_text(json.dumps({**content, "pid": os.getpid()}))  # its number was given to us
            assert local_cloud.status() is None
            assert local_cloud.stop() is False
            started = local_cloud.start()
            assert started.pid not in (cloud.pid, os.getpid())
            assert Aws(started).functions.list_functions()["Functions"] == []


def test_the_role_of_the_cloud_can_be_assumed_by_lambda(aws: Aws) -> None:
    role = aws.iam.get_role(RoleName="scar-local")["Role"]
    assert role["Arn"] == aws.cloud.role_arn
    policy: Any = role["AssumeRolePolicyDocument"]
    statement = policy["Statement"][0]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_it_listens_on_loopback_only(aws: Aws) -> None:
    assert aws.cloud.endpoint.startswith("http://127.0.0.1:")
    sockets = {os.readlink(link) for link in Path(f"/proc/{aws.cloud.pid}/fd").iterdir()}
    listening = [
        fields[1]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{aws.cloud.pid}/net/{name}").read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A" and f"socket:[{fields[9]}]" in sockets
    ]
    assert listening
    assert all(address.startswith("0100007F:") for address in listening)


@pytest.mark.parametrize("package", ["moto", "flask_cors", "awslambdaric"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path: Path, package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None\nfrom scar.local import cloud\ncloud.start()"
    with environment(tmp_path):
        failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"needs the Python package {package.replace('_', '-')}, which is not installed" in failed.stderr
    assert not list(tmp_path.glob("local/state.json"))


def test_the_hint_for_a_missing_package_is_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "awslambdaric", None)
    with environment(tmp_path), pytest.raises(ScarError) as missing:
        local_cloud.start()
    assert missing.value.hint == "pip install 'scar-serverless[local]'"


def test_another_system_than_linux_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with environment(tmp_path), pytest.raises(ScarError, match="needs Linux"):
        local_cloud.start()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCAR_LOCAL_CONCURRENCY", "0"),
        ("SCAR_LOCAL_CONCURRENCY", "many"),
        ("SCAR_LOCAL_RETRY_DELAYS", "1"),
        ("SCAR_LOCAL_RETRY_DELAYS", "1,soon"),
        ("SCAR_LOCAL_SANDBOX", "docker"),
    ],
)
def test_settings_are_checked_before_anything_is_started(tmp_path: Path, name: str, value: str) -> None:
    with environment(tmp_path, **{name: value}), pytest.raises(UsageError, match=name):
        local_cloud.start()
    assert not (tmp_path / "local" / "log").exists()


def test_a_daemon_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "host").write_text("a file where a folder has to be")
    with environment(tmp_path), pytest.raises(ScarError, match=r"did not start: .*host") as failed:
        local_cloud.start()
    assert "log" in failed.value.hint
