"""put and get of large files that are interrupted and gone on with: no piece is moved twice."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scar.aws.pieces import Piece, Place, Upload, cut
from scar.aws.transfers import GET_PART_BYTES, PART_BYTES
from scar.ops import patience
from scar.ops.transfer import sent
from scar.ops.transfer.partial import Partial
from scar.ops.transfer.sent import BeingSent
from tests.cli.faults import Answer, Request, Way
from tests.cli.support import Account, Scar
from tests.cli.test_transfer_faults import s3_error

SCAR = str(Path(sys.executable).with_name("scar"))
LARGE = b"".join(bytes([number]) * PART_BYTES for number in range(9)) + b"end"
"""72 MB: in ten parts there, in three back. Each part is another one."""


@pytest.fixture
def bucket(account: Account) -> str:
    account.s3.create_bucket(Bucket="files")
    return "files"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(LARGE)
    return path


@pytest.fixture
def target(account: Account, bucket: str, tmp_path: Path) -> Path:
    """Where the object ``large.bin`` is to be got to."""
    account.s3.put_object(Bucket=bucket, Key="large.bin", Body=LARGE)
    return tmp_path / "back"


def content(account: Account) -> bytes:
    answer = account.s3.get_object(Bucket="files", Key="large.bin")
    return bytes(answer["Body"].read())


def uploads(account: Account) -> list[dict[str, Any]]:
    """Those that were begun and not ended: what is paid for."""
    return list(account.s3.list_multipart_uploads(Bucket="files").get("Uploads", ()))


def part_of(request: Request) -> int:
    """The number of the part that is sent; 0 for another request."""
    query = parse_qs(urlsplit(request.path).query)
    return int(query["partNumber"][0]) if request.method == "PUT" and "partNumber" in query else 0


def is_completion(request: Request) -> bool:
    """Whether the parts of an upload are to become an object."""
    return request.method == "POST" and "uploadId" in parse_qs(urlsplit(request.path).query)


def parts_sent(way: Way) -> list[int]:
    return sorted(filter(None, map(part_of, way.requests)))


def ranges(way: Way) -> list[str]:
    return sorted(one.headers["range"] for one in way.requests if "range" in one.headers)


def killed_at(way: Way, moment: Callable[[Request], bool], *argv: str) -> None:
    """Run a command that is killed when such a request has come."""
    running: list[subprocess.Popen[bytes]] = []

    def before(request: Request) -> Answer | None:
        if not moment(request):
            return None
        running[0].kill()
        running[0].wait()
        return s3_error(500, "InternalError")

    way.before = before
    with subprocess.Popen([SCAR, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        running.append(process)
        assert process.wait(120) == -signal.SIGKILL
    way.before = lambda request: None
    way.requests.clear()


def test_a_put_that_was_killed_goes_on_with_the_parts_that_are_missing(
    scar: Scar, way: Way, account: Account, bucket: str, large: Path
) -> None:
    put = ("put", "--concurrency", "1", str(large), "files")
    killed_at(way, lambda request: part_of(request) == 6, *put)
    assert len(uploads(account)) == 1
    ran = scar("--json", *put)
    assert (ran.status, ran.json["sent"]) == (0, 1), ran.stderr
    assert parts_sent(way) == [6, 7, 8, 9, 10]
    assert content(account) == LARGE
    assert uploads(account) == []
    assert scar("--json", *put).json["already_there"] == 1


def test_a_get_that_was_killed_goes_on_with_the_parts_that_are_missing(
    scar: Scar, way: Way, target: Path
) -> None:
    get = ("get", "--concurrency", "1", "files", str(target))
    last = f"bytes={2 * GET_PART_BYTES}-"
    killed_at(way, lambda request: request.headers.get("range", "").startswith(last), *get)
    ran = scar(*get)
    assert ran.status == 0, ran.stderr
    assert ranges(way) == [f"{last}{len(LARGE) - 1}"]
    assert os.listdir(target) == ["large.bin"]
    assert (target / "large.bin").read_bytes() == LARGE


@pytest.mark.parametrize("command", ["put", "get"])
def test_ctrl_c_keeps_what_has_been_moved(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, account: Account, target: Path, large: Path, command: str
) -> None:
    argv = {"put": ("put", str(large), "files/there/"), "get": ("get", "files/large.bin", f"{target}/")}
    one_at_a_time = (*argv[command], "--concurrency", "1")
    moved: list[Request] = []

    def before(request: Request) -> Answer | None:
        if part_of(request) or "range" in request.headers:
            moved.append(request)
            if len(moved) == 2:
                os.kill(os.getpid(), signal.SIGINT)
        return None

    way.before = before
    assert scar(*one_at_a_time).status == 130
    before_it = len(moved)
    assert before_it < {"put": 10, "get": 3}[command]
    assert scar(*one_at_a_time).status == 0
    assert len(moved) <= {"put": 10, "get": 3}[command] + 1  # the piece that was on its way
    assert uploads(account) == []


def test_within_a_command_too_only_what_is_missing_is_moved_again(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, account: Account, target: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When S3 says 503 for longer than botocore waits, which makes three attempts."""
    monkeypatch.setattr(patience, "PAUSES", (0.0,))
    last = f"bytes={2 * GET_PART_BYTES}-{len(LARGE) - 1}"
    slow: list[Request] = []

    def before(request: Request) -> Answer | None:
        if part_of(request) != 7 and request.headers.get("range") != last:
            return None
        slow.append(request)
        return s3_error(503, "SlowDown") if len(slow) <= 4 else None

    way.before = before
    assert scar("put", "--concurrency", "1", str(large), "files/there").status == 0
    assert parts_sent(way) == [1, 2, 3, 4, 5, 6, *[7] * 5, 8, 9, 10]
    slow.clear()
    assert scar("get", "--concurrency", "1", "files/large.bin", str(target / "large")).status == 0
    assert [ranges(way).count(one) for one in sorted(set(ranges(way)))] == [1, 1, 5]


def test_a_file_that_has_changed_since_is_sent_anew(
    scar: Scar, way: Way, account: Account, bucket: str, large: Path
) -> None:
    put = ("put", "--concurrency", "1", str(large), "files")
    killed_at(way, lambda request: part_of(request) == 6, *put)
    large.write_bytes(LARGE[::-1])
    assert scar(*put).status == 0
    assert parts_sent(way) == list(range(1, 11))
    assert content(account) == LARGE[::-1]
    assert uploads(account) == []


def test_an_object_that_has_changed_since_is_got_anew(
    scar: Scar, way: Way, account: Account, bucket: str, target: Path
) -> None:
    get = ("get", "--concurrency", "1", "files", str(target))
    last = f"bytes={2 * GET_PART_BYTES}-"
    killed_at(way, lambda request: request.headers.get("range", "").startswith(last), *get)
    account.s3.put_object(Bucket="files", Key="large.bin", Body=LARGE[::-1])
    assert scar(*get).status == 0
    assert len(ranges(way)) == 3
    assert (target / "large.bin").read_bytes() == LARGE[::-1]
    assert os.listdir(target) == ["large.bin"]


def test_an_upload_that_a_rule_of_the_bucket_has_ended_is_begun_anew(
    scar: Scar, way: Way, account: Account, bucket: str, large: Path
) -> None:
    put = ("put", "--concurrency", "1", str(large), "files")
    killed_at(way, lambda request: part_of(request) == 6, *put)
    (upload,) = uploads(account)

    def before(request: Request) -> Answer | None:
        """As S3 does; moto fails."""
        gone = part_of(request) and upload["UploadId"] in request.path
        return s3_error(404, "NoSuchUpload", "The specified upload does not exist") if gone else None

    way.before = before
    assert scar(*put).status == 0
    assert content(account) == LARGE


@pytest.mark.parametrize("lost", [1, 3], ids=["botocore asks again", "put asks again"])
def test_what_is_complete_is_not_sent_again_for_an_answer_that_was_lost(  # noqa: PLR0917 - fixtures
    scar: Scar,
    way: Way,
    account: Account,
    bucket: str,
    large: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    lost: int,
) -> None:
    """Its function would be called twice. botocore makes three attempts."""
    monkeypatch.setattr(patience, "PAUSES", (0.0, 0.0))
    asked: list[Request] = []

    def before(request: Request) -> Answer | None:
        """As S3 may, which knows an upload no more that is complete."""
        if not is_completion(request):
            return None
        asked.append(request)
        return None if len(asked) <= lost else s3_error(404, "NoSuchUpload", "The upload does not exist")

    def after(request: Request, answer: Answer) -> Answer | None:
        return None if is_completion(request) else answer

    way.before, way.after = before, after
    ran = scar("put", "--json", str(large), "files")
    assert (ran.status, ran.json["sent"], ran.json["bytes"]) == (0, 1, len(LARGE)), ran.stderr
    assert parts_sent(way) == list(range(1, 11))
    assert content(account) == LARGE
    assert list((home / "uploads").iterdir()) == []


def test_what_is_refused_for_good_leaves_no_parts_and_no_record(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, account: Account, bucket: str, large: Path, home: Path
) -> None:
    refusal = s3_error(403, "AccessDenied", "Access Denied")
    way.before = lambda request: refusal if part_of(request) == 3 else None
    ran = scar("put", "--concurrency", "1", str(large), "files")
    assert (ran.status, "Access Denied" in ran.stderr) == (1, True)
    assert uploads(account) == []
    assert list((home / "uploads").iterdir()) == []


def test_two_commands_do_not_send_one_object_at_once(
    scar: Scar, way: Way, account: Account, bucket: str, large: Path
) -> None:
    said: list[str] = []

    def before(request: Request) -> Answer | None:
        if part_of(request) == 2 and not said:
            said.append("")
            said[0] = subprocess.run(
                [SCAR, "put", str(large), "files"], capture_output=True, text=True, check=False, timeout=120
            ).stderr
        return None

    way.before = before
    assert scar("put", "--concurrency", "1", str(large), "files").status == 0
    assert "another scar put sends a file to the same place" in said[0]
    assert content(account) == LARGE


def test_two_commands_do_not_have_a_record_each(home: Path) -> None:
    """When a third one ends, and removes it, between the opening and the locking of it."""
    place = Place("files", "large.bin", "123456789012")
    lock = fcntl.flock
    with ExitStack() as third, pytest.MonkeyPatch.context() as patch:
        record = third.enter_context(sent.opened(place))
        record.begin(Upload(place, "id"), [])

        def lock_late(handle: int, operation: int) -> None:
            patch.undo()
            record.remove()
            third.close()
            lock(handle, operation)

        patch.setattr(fcntl, "flock", lock_late)
        with sent.opened(place), pytest.raises(BeingSent), sent.opened(place):
            pass


def test_a_crash_may_cut_off_the_last_line_of_what_was_sent(  # noqa: PLR0917 - fixtures
    scar: Scar, way: Way, account: Account, bucket: str, large: Path, home: Path
) -> None:
    put = ("put", "--concurrency", "1", str(large), "files")
    killed_at(way, lambda request: part_of(request) == 6, *put)
    (record,) = (home / "uploads").iterdir()
    assert record.stat().st_mode & 0o777 == 0o600
    lines = record.read_bytes().splitlines(keepends=True)
    assert [json.loads(line).get("PartNumber") for line in lines] == [None, 1, 2, 3, 4, 5]
    record.write_bytes(b"".join(lines)[:-20])
    assert scar(*put).status == 0
    assert parts_sent(way) == [5, 6, 7, 8, 9, 10]
    assert content(account) == LARGE


# The pieces themselves.


@pytest.mark.parametrize("size", [1, 10, 11, 20, 95, 100])
def test_pieces_are_all_of_a_file_and_each_part_once(size: int) -> None:
    pieces = cut(size, 10)
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))
    ends = [piece.start + piece.size for piece in pieces]
    assert [piece.start for piece in pieces] == [0, *ends[:-1]]
    assert ends[-1] == size


def test_there_are_no_more_pieces_than_s3_takes() -> None:
    assert len(cut(10_000 * PART_BYTES, PART_BYTES)) == 10_000
    larger = cut(10_000 * PART_BYTES + 1, PART_BYTES)
    assert (len(larger), larger[0].size) == (5_001, 2 * PART_BYTES)


def test_a_piece_is_there_when_it_was_written_to_its_end(tmp_path: Path) -> None:
    partial = Partial(str(tmp_path / "partial"))
    partial.begin()
    first, second = Piece(1, 0, 3), Piece(2, 3, 3)
    with partial.piece(second) as file:
        file.write(b"def")
    with suppress(ConnectionError), partial.piece(first) as file:
        file.write(b"a")
        raise ConnectionError
    again = Partial(partial.path)
    again.begin()
    assert (again.has(first), again.has(second)) == (False, True)
    with again.piece(first) as file:
        file.write(b"abc")
    assert (tmp_path / "partial").read_bytes() == b"abcdef"
    os.unlink(again.path)
    again.begin()
    assert not again.has(second)
