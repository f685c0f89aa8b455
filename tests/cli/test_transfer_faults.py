"""put and get where things go wrong half-way: refusals, lost servers, full disks, Ctrl-C, death."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scar.ops import patience
from tests.cli.faults import Answer, Request, Way, error_of
from tests.cli.support import Account, Scar

SCAR = str(Path(sys.executable).with_name("scar"))
LARGE = bytes(range(256)) * 140_000
"""36 MB: in five parts there, in two back."""
SECOND_PART = "bytes=33554432-"


@pytest.fixture
def bucket(account: Account) -> str:
    account.s3.create_bucket(Bucket="files")
    return "files"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty files."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02}").write_bytes(b"%d" % number)
    return folder


def s3_error(status: int, code: str, message: str = "") -> Answer:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, body.encode(), (("Content-Type", "application/xml"),))


def answer_times(way: Way, method: str, part: str, times: int, answer: Answer) -> None:
    def before(request: Request) -> Answer | None:
        asked = way.named(method, part)
        return answer if request in asked and len(asked) <= times else None

    way.before = before


def test_503_for_a_while_is_waited_out(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, bucket: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For longer than botocore does, which makes three attempts."""
    monkeypatch.setattr(patience, "PAUSES", (0.0,))
    answer_times(way, "PUT", "/files/07", 4, s3_error(503, "SlowDown"))
    assert scar("put", str(folder), "files").status == 0
    assert len(way.named("PUT", "/files/07")) == 5
    answer_times(way, "GET", "/files/07", 4, s3_error(503, "ServiceUnavailable"))
    assert scar("get", "files", str(tmp_path / "back")).status == 0
    assert (tmp_path / "back" / "07").read_bytes() == b"7"


def test_but_not_for_ever(
    scar: Scar, way: Way, bucket: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PAUSES", ())
    answer_times(way, "PUT", "/files/07", 99, s3_error(503, "SlowDown", "Reduce your request rate"))
    ran = scar("put", str(folder), "files")
    assert (ran.status, ran.out) == (1, "Sent: 29 of 30 files (49 bytes)\n")
    assert f"not sent: {folder}/07: cannot put 07 into bucket files: Reduce" in ran.stderr


def test_a_missing_permission_is_named_and_the_others_go_on(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, account: Account, bucket: str, folder: Path, tmp_path: Path
) -> None:
    message = "User: ann is not authorized to perform: s3:PutObject on resource: files/07"
    answer_times(way, "PUT", "/files/07", 99, s3_error(403, "AccessDenied", message))
    ran = scar("put", str(folder), "files")
    assert (ran.status, error_of(ran.stderr)) == (1, "1 of 30 files were not sent")
    assert "these credentials lack the permission s3:PutObject" in ran.stderr
    assert account.s3.list_objects_v2(Bucket="files")["KeyCount"] == 29
    answer_times(way, "GET", "/files/08", 99, s3_error(403, "AccessDenied", "Access Denied"))
    ran = scar("get", "--json", "files", str(tmp_path / "back"))
    assert ran.json["failures"] == [
        {
            "name": "08",
            "type": "AccessDenied",
            "message": "cannot get 08 from bucket files: Access Denied",
        }
    ]
    assert ran.json["got"] == 28


def test_credentials_that_expire_end_it(scar: Scar, way: Way, bucket: str, folder: Path) -> None:
    answer_times(way, "PUT", "/files/", 99, s3_error(400, "ExpiredToken", "The token has expired"))
    ran = scar("put", "--concurrency", "2", str(folder), "files")
    assert ran.status == 1
    assert "The token has expired" in error_of(ran.stderr)
    assert len(way.named("PUT", "/files/")) <= 4


def test_an_object_that_is_deleted_meanwhile_is_told(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, account: Account, bucket: str, folder: Path, tmp_path: Path
) -> None:
    assert scar("put", str(folder), "files").status == 0

    def before(request: Request) -> Answer | None:
        if request.method == "GET" and request.path.startswith("/files/07"):
            account.s3.delete_object(Bucket="files", Key="07")
        return None

    way.before = before
    ran = scar("get", "--json", "files", str(tmp_path / "back"))
    assert (ran.status, ran.json["got"]) == (1, 29)
    (failure,) = ran.json["failures"]
    assert (failure["name"], failure["type"]) == ("07", "NotFound")
    assert len(os.listdir(tmp_path / "back")) == 29


def test_two_contents_of_an_object_are_not_mixed(
    scar: Scar, way: Way, account: Account, bucket: str, tmp_path: Path
) -> None:
    account.s3.put_object(Bucket="files", Key="large", Body=LARGE)

    def after(request: Request, answer: Answer) -> Answer:
        """As S3 does, which compares the ETag with that of If-Match; moto does not."""
        if request.headers.get("range", "").startswith(SECOND_PART):
            assert request.headers["if-match"]
            return s3_error(412, "PreconditionFailed", "At least one of the pre-conditions did not hold")
        return answer

    way.after = after
    ran = scar("get", "files", str(tmp_path / "back"))
    assert ran.status == 1
    assert "cannot get large from bucket files: it was replaced meanwhile" in ran.stderr
    assert os.listdir(tmp_path / "back") == []


@pytest.mark.parametrize("content", [b"small", LARGE], ids=len)
def test_a_file_that_changes_while_it_is_sent_is_told(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, account: Account, bucket: str, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "growing"
    file.write_bytes(content)

    def before(request: Request) -> Answer | None:
        if request.method == "PUT":
            with file.open("ab") as more:
                more.write(b"x")
        return None

    way.before = before
    ran = scar("put", str(file), "files")
    assert ran.status == 1
    assert f"not sent: {file}: it was changed while it was sent" in ran.stderr
    assert account.s3.list_objects_v2(Bucket="files")["KeyCount"] == (1 if content == b"small" else 0)
    way.before = lambda request: None
    assert scar("put", "--json", str(file), "files").json["sent"] == 1


def test_ctrl_c_says_how_far_it_came_and_the_same_command_goes_on(
    scar: Scar, way: Way, account: Account, bucket: str, folder: Path
) -> None:
    def before(request: Request) -> Answer | None:
        if request.method == "PUT" and "/files/10" in request.path:
            os.kill(os.getpid(), signal.SIGINT)
        return None

    way.before = before
    ran = scar("put", "--concurrency", "1", str(folder), "files")
    there = account.s3.list_objects_v2(Bucket="files")["KeyCount"]
    assert 10 <= there < 30
    assert ran.status == 130
    assert error_of(ran.stderr).startswith("interrupted: ")
    assert "the same command goes on where this one stopped" in ran.stderr
    way.before = lambda request: None
    again = scar("put", "--json", str(folder), "files").json
    assert (again["sent"], again["already_there"]) == (30 - there, there)


@pytest.fixture
def environment(way: Way, credentials: None) -> dict[str, str]:
    """Of a process of its own."""
    return dict(os.environ)


def test_a_get_that_is_killed_leaves_nothing_that_looks_whole(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, account: Account, bucket: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    account.s3.put_object(Bucket="files", Key="large", Body=LARGE)
    running: list[subprocess.Popen[bytes]] = []

    def before(request: Request) -> Answer | None:
        if request.headers.get("range", "").startswith(SECOND_PART):
            running[0].kill()
        return None

    way.before = before
    target = tmp_path / "back"
    command = [SCAR, "get", "files", str(target)]
    running.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
    assert running[0].wait(60) == -signal.SIGKILL
    assert all(name.startswith(".scar-get-") for name in os.listdir(target))
    way.before = lambda request: None
    assert scar("get", "files", str(target)).status == 0
    assert os.listdir(target) == ["large"]
    assert (target / "large").read_bytes() == LARGE


def test_a_full_disk_is_told_and_what_fits_is_got(
    way: Way, account: Account, bucket: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    account.s3.put_object(Bucket="files", Key="large", Body=LARGE)
    account.s3.put_object(Bucket="files", Key="small", Body=b"small")
    target = tmp_path / "back"
    target.mkdir()
    disk = ["bwrap", "--dev-bind", "/", "/", "--size", str(4 << 20), "--tmpfs", str(target)]
    script = f'"{SCAR}" get files "{target}"; status=$?; ls -A "{target}"; exit $status'
    ran = subprocess.run(
        [*disk, "/bin/sh", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 1
    assert "not got: large: No space left on device" in ran.stderr
    assert ran.stdout.splitlines()[-1] == "small"
    assert ran.stdout.splitlines()[0] == "Got: 1 of 2 files (5 bytes)"


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(
    scar: Scar, bucket: str, folder: Path, environment: dict[str, str]
) -> None:
    ran = scar("put", str(folder), "files/lines/")
    assert "scar: 30 of 30 files, 50 bytes of 50 bytes\n" in ran.stderr
    screen, terminal = pty.openpty()
    command = [SCAR, "put", str(folder), "files/bar/"]
    subprocess.run(
        command,
        env=environment | {"TERM": "xterm"},
        stderr=terminal,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    os.close(terminal)
    shown = b""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            shown += os.read(screen, 65536)
        except OSError:  # as a terminal tells that nobody has it open any more
            break
    os.close(screen)
    assert b"30 of 30 files" in shown
    assert b"50/50 bytes" in shown
