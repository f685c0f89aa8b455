"""What a run has sent, kept on disk: so that `--resume` sends nothing twice, however the run ended.

One file for each function and bucket, of lines of JSON that are only ever appended. A key's "sending" is on
the disk before its request is sent, also should the power fail; what came of it is written after the answer
and not waited for. So a crash can lose an answer, and the key then counts as one that may have been sent,
but it cannot lose a request.

The file is locked while a run works on it, and goes when nothing is left to resume.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from scar import locks
from scar.errors import ScarError
from scar.home import home
from scar.ops.batch.board import File, Status
from scar.ops.batch.request import Choice

_VERSION = 2


class _Word(StrEnum):
    """What begins a line that tells no status."""

    RUN = "run"
    SENDING = "sending"


class RunActive(ScarError):
    """Another run of the same function and bucket is at work."""


class Run(NamedTuple):
    """What a run was asked for, as far as those that go on with it need it."""

    started: int
    """Milliseconds since 1970."""
    choice: Choice
    digest: str
    """Of script and variables: `Job.digest`. No variable itself is kept."""


@dataclass(frozen=True)
class Past:
    """What a journal says of the runs before."""

    run: Run
    """The first of them, with what the last of them chose."""
    last_sent: int
    """When a request was sent for the last time, or would have been: milliseconds since 1970."""
    files: Mapping[str, File]
    """Those that Lambda has, or may have, by their keys."""


def path_for(*identity: str) -> Path:
    """Where the journal is of what these name: account, region, function and bucket."""
    return home() / "runs" / f"{'_'.join(identity)}.jsonl"


class Journal:
    """An open journal. `open` makes one; `close` ends it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open or make the file, and lock it. Raises RunActive, and ScarError if it cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(path, locks.open_locked(path))
        except BlockingIOError as error:
            raise RunActive(
                "another scar run -es of this function and bucket is at work: nothing was sent",
                hint="wait for its end, or stop it with Ctrl-C",
            ) from error
        except OSError as error:
            raise ScarError(
                f"cannot write down what is sent, in {path}: {error.strerror}",
                hint="SCAR_HOME names another folder than ~/.scar",
            ) from error

    def past(self) -> Past | None:
        """What was written so far; None if nothing was. Raises ScarError for another version's."""
        with open(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            lines = filter(None, map(_parse, file))
            match next(lines, None):
                case None:
                    return None
                case [_Word.RUN, version, *about] if version == _VERSION:
                    return _fold(_run(about), lines)
        raise ScarError(
            f"{self._path} was written by another version of SCAR",
            hint="end that run with the version that began it, or remove the file",
        )

    def begin(self, run: Run) -> None:
        """Forget what was, and begin with this run."""
        os.ftruncate(self._descriptor, 0)
        self._write_run(run)
        _sync(self._path.parent)

    def go_on(self, run: Run) -> None:
        """Go on after what was: a line that a crash has cut off must not swallow the next one."""
        os.write(self._descriptor, b"\n")
        self._write_run(run)

    def sending(self, key: str) -> None:
        """The key's request is about to be sent. When this returns it is on the disk."""
        self._write([_Word.SENDING, key, int(time.time() * 1000)])
        os.fsync(self._descriptor)

    def record(self, key: str, status: Status, request_id: str = "", reason: str = "") -> None:
        """What came of the key's request. UNSENT: it was not carried out."""
        self._write([status, key, request_id, reason])

    def remove(self) -> None:
        """Nothing is left to resume."""
        self._path.unlink()

    def close(self) -> None:
        """Let the next run have it. An empty file says nothing, and goes."""
        if os.fstat(self._descriptor).st_size == 0:
            self._path.unlink()
        os.close(self._descriptor)

    def _write_run(self, run: Run) -> None:
        self._write([_Word.RUN, _VERSION, run.started, asdict(run.choice), run.digest])

    def _write(self, line: list[Any]) -> None:
        # One write for a line: lines of several threads do not mix, and a kill leaves whole ones.
        data = f"{json.dumps(line)}\n".encode()
        if os.write(self._descriptor, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))


def _parse(line: bytes) -> list[Any] | None:
    """None for a line that a crash has cut off or garbled: what it would say was not waited for."""
    try:
        words = json.loads(line)
    except ValueError:
        return None
    return words if isinstance(words, list) else None


def _run(about: list[Any]) -> Run:
    started, choice, digest = about
    return Run(started, Choice(**choice), digest)


def _fold(first: Run, lines: Iterable[list[Any]]) -> Past:
    """What is the last word on each key. Those that were certainly not sent are left out."""
    files: dict[str, File] = {}
    choice, last_sent = first.choice, first.started
    for line in lines:
        match line:
            case [_Word.RUN, _, *about]:
                choice = _run(about).choice
            case [_Word.SENDING, str(key), int(at)]:
                last_sent = at
                files[key] = File(key, Status.UNSURE, reason="the run that sent it ended before the answer")
            case [Status.UNSENT | Status.REFUSED, str(key), _, _]:
                files.pop(key, None)
            case [str(status), str(key), str(request_id), str(reason)]:
                files[key] = File(key, Status(status), request_id, reason)
    return Past(first._replace(choice=choice), last_sent, files)


def _sync(folder: Path) -> None:
    """Have the names in the folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
