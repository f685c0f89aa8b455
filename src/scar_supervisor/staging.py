"""Objects in, results out.

A file of up to `AT_ONCE` bytes is one request. Larger ones are transferred in parts, several at once, by
boto3; its start (a look at the object, threads) costs more than a small file's whole way.
"""

from __future__ import annotations

import functools
import os
import stat
import time
from contextlib import contextmanager
from typing import Any, NamedTuple

from . import s3
from .contract import META_FUNCTION
from .errors import InputTooLarge, NoTimeLeft, StagingFailed
from .events import S3Object
from .keys import KEY_MAX, local_path, output_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping
    from typing import BinaryIO

    from .output import Log

AT_ONCE = 8 * 1024 * 1024
"""Bytes. It is boto3's own limit, too."""
_PARALLEL = 8
"""Small results that are written at once."""
_CONNECTIONS = 4
"""Of a transfer in parts. One of S3's gives 85 to 90 MB/s, and an environment of Lambda has 78 in all:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-design-patterns.html"""
_PARTS = 8
"""Of a large file at most: each is a request, and what is read again when its connection breaks."""
_CHUNK = 256 * 1024
_TOLD = 10
"""Failures that an error tells of."""


class Input:
    """An object whose headers have come, and whose content waits to be read."""

    def __init__(self, item: S3Object, client: Any, answer: Mapping[str, Any], deadline: float) -> None:
        self.item = item
        self.size: int = answer["ContentLength"]
        """Bytes."""
        self.content_type: str = answer.get("ContentType", "")
        self.made_by: str = answer["Metadata"].get(META_FUNCTION, "")
        """The function whose result it is; empty if it is nobody's."""
        self._client = client
        self._body = answer["Body"]
        self._check = _time_check(deadline)

    def save(self, folder: bytes) -> bytes:
        """Write it under a folder; the path of the file. Raises SupervisorError."""
        path = os.path.join(folder, local_path(self.item.key))
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._check_room(folder)
            with open(path, "wb") as file:
                if self.size > AT_ONCE or not self._read_into(file):
                    self._transfer_into(file)
        except s3.errors():  # some of them are OSErrors too
            raise
        except OSError as error:
            raise StagingFailed(f"{self.item.url} could not be put on disk: {_reason(error)}") from error
        return path

    def _check_room(self, folder: bytes) -> None:
        disk = os.statvfs(folder)
        room = disk.f_bavail * disk.f_frsize
        if self.size > room:
            raise InputTooLarge(
                f"{self.item.url} has {self.size:,} bytes; /tmp has {room:,} left",
                "give the function more of it: scar update --storage MB NAME",
            )

    def _read_into(self, file: BinaryIO) -> bool:
        """Whether the content came whole: a connection may break in the middle of it."""
        from botocore.exceptions import BotoCoreError

        try:
            for chunk in self._body.iter_chunks(_CHUNK):
                self._check()
                file.write(chunk)
        except BotoCoreError:
            return False
        return True

    def _transfer_into(self, file: BinaryIO) -> None:
        self._body.close()  # of what was not asked for in parts
        file.seek(0)
        file.truncate()
        # Not download_file: its temporary name beside the file is too long where the name is 255 bytes.
        self._client.download_fileobj(
            Bucket=self.item.bucket,
            Key=self.item.key,
            Fileobj=file,
            ExtraArgs=_version(self.item),
            Callback=self._check,
            Config=_in_parts(self.size),
        )


@contextmanager
def reading(item: S3Object, deadline: float) -> Iterator[Input]:
    """Ask for an object, before a deadline (of ``time.monotonic``, in seconds). Raises SupervisorError."""
    with s3.client(deadline) as client:
        try:
            answer = client.get_object(Bucket=item.bucket, Key=item.key, **_version(item))
            try:
                yield Input(item, client, answer, deadline)
            finally:
                answer["Body"].close()
        except s3.errors() as error:
            reason, hint = s3.not_read(error)
            raise StagingFailed(f"{item.url} could not be read: {reason}", hint) from error


def _version(item: S3Object) -> dict[str, str]:
    return {"VersionId": item.version_id} if item.version_id else {}


class Results(NamedTuple):
    """Where the results of an input go, and what is told of them there."""

    bucket: str
    prefix: str
    """Empty, or with a slash at its end."""
    metadata: dict[str, str]
    input_key: str
    input_type: str
    """Content type of the input."""

    def write(self, folder: bytes, log: Log, deadline: float) -> Iterator[str]:
        """Put each file under a folder at its path there; their keys, as they are written.

        Every file is tried, until a deadline (of ``time.monotonic``, in seconds). Raises NoTimeLeft, and
        after the last file StagingFailed with all failures.
        """
        failures = []
        for file, failure in self._tried(folder, log, deadline):
            url = f"s3://{self.bucket}/{file.key}"
            if failure:
                failures.append(f"{url} could not be written: {failure}")
            else:
                log.note(f"wrote {url} ({file.size} bytes)")
                yield file.key
        if failures:
            more = f"; and {len(failures) - _TOLD} more" if len(failures) > _TOLD else ""
            raise StagingFailed("; ".join(failures[:_TOLD]) + more, s3.PERMIT)

    def _tried(self, folder: bytes, log: Log, deadline: float) -> Iterator[tuple[_File, str]]:
        """Each file under a folder, after it was tried, and why it could not be written, or an empty text."""
        usable: list[_File] = []
        keys: set[str] = set()
        for file in _files(folder, self.prefix, log):
            if reason := _unusable(file, keys):
                yield file, reason
            else:
                usable.append(file)
                keys.add(file.key)
        if usable:
            with s3.client(deadline) as client:
                put = functools.partial(self._put, client, log, _time_check(deadline))
                yield from _side_by_side(put, [file for file in usable if file.size <= AT_ONCE])
                for file in usable:
                    if file.size > AT_ONCE:  # one after the other: the parts of each go side by side
                        yield file, put(file)

    def _put(self, client: Any, log: Log, check: Callable[..., None], file: _File) -> str:
        """Write a file; why it could not be, or an empty text."""
        target = {"Bucket": self.bucket, "Key": file.key}
        about: dict[str, Any] = {"Metadata": self.metadata}
        if content_type := self._content_type(file.key):
            about["ContentType"] = content_type
        try:
            check()
            if file.size <= AT_ONCE:
                with open(file.path, "rb") as body:
                    client.put_object(Body=body, **target, **about)
            else:
                path = os.fsdecode(file.path)
                client.upload_file(
                    path, **target, ExtraArgs=about, Callback=check, Config=_in_parts(file.size)
                )
        except NoTimeLeft as error:
            return str(error)
        except s3.errors() as error:
            return s3.not_written(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other files are not to suffer
            log.trace(error)
            return f"{type(error).__name__}: {error}"
        return ""

    def _content_type(self, key: str) -> str:
        """The input's for a file of the same extension, else what the name says; empty: S3's default."""
        extension = _extension(key)
        if extension and extension == _extension(self.input_key) and _is_telling(self.input_type):
            return self.input_type
        import mimetypes

        kind, packed = mimetypes.guess_type(f"/{key}")  # a path: `data:x/y,z` is a URL
        return "" if kind is None or packed else kind  # what is packed is not of the kind that is in it


class _File(NamedTuple):
    """A file of the output folder."""

    path: bytes
    key: str
    """At which it is to be."""
    size: int = 0
    """Bytes."""
    unreadable: str = ""
    """Why it cannot be read, or a folder in its place; empty if it can be."""


def _unusable(file: _File, taken: Container[str]) -> str:
    """Why a file cannot be read, or kept at its key, or an empty text."""
    if file.unreadable:
        return file.unreadable
    length = len(file.key.encode())
    if length > KEY_MAX:
        return f"its key would have {length:,} bytes, and S3 allows {KEY_MAX:,}"
    if file.key in taken:
        return "another file, whose name differs in bytes that are not UTF-8, has the same key"
    return ""


def _side_by_side(put: Callable[[_File], str], files: list[_File]) -> Iterator[tuple[_File, str]]:
    if len(files) <= 1:  # a thread costs more than it gains
        yield from ((file, put(file)) for file in files)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_PARALLEL) as pool:
        yield from zip(files, pool.map(put, files), strict=True)


def _extension(key: str) -> str:
    return os.path.splitext(key)[1].lower()


def _is_telling(content_type: str) -> bool:
    """Whether somebody has given it (S3 has a default), and a request can carry it."""
    return content_type not in ("", "binary/octet-stream") and content_type.isascii()


def _files(folder: bytes, prefix: str, log: Log) -> Iterator[_File]:
    """Regular files under a folder, and links to such files that do not lead out of it.

    What may be one and cannot be read is among them, and says why.
    """
    if os.path.islink(folder) or not os.path.isdir(folder):
        log.note("no results: the container removed output/, or put something else in its place")
        return
    root = os.path.join(os.path.realpath(folder), b"")
    paths, closed = _opened(folder)
    for path, error in closed:
        key = output_key(prefix, os.path.join(path, b"")[len(folder) + 1 :])
        yield _File(path, key, unreadable=f"the folder cannot be read: {_reason(error)}")
    for path in paths:
        key = output_key(prefix, path[len(folder) + 1 :])
        try:
            size = _size(path, root)
        except OSError as error:
            yield _File(path, key, unreadable=_reason(error))
            continue
        if size is None:
            log.note(f"left out {os.fsdecode(path)}: neither a file nor a link to one in output/")
        else:
            yield _File(path, key, size)


def _opened(folder: bytes) -> tuple[list[bytes], list[tuple[bytes, OSError]]]:
    """All below a folder but folders, which are opened; and the folders that cannot be read, with why.

    A container may have closed what it left, with a umask of 777 for example: it is opened, for it is ours.
    """
    paths: list[bytes] = []
    closed = []
    folders = [folder]
    while folders:  # not os.walk: it calls itself for what is in a folder, and Python ends that at 1,000
        parent = folders.pop()
        below: list[bytes] = []
        try:
            os.chmod(parent, 0o700)
            with os.scandir(parent) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    (below if entry.is_dir(follow_symlinks=False) else paths).append(entry.path)
        except OSError as error:
            closed.append((parent, error))
        folders += reversed(below)
    return paths, closed


def _size(path: bytes, root: bytes) -> int | None:
    """Bytes of a file, which is opened if the container closed it; None for what is no result.

    A link counts as its file if that is below `root`, which ends with a slash. Raises OSError.
    """
    if os.path.islink(path):
        # The system follows 40 links in a row; realpath follows any number, and calls itself for each.
        path = os.path.realpath(path) if os.path.isfile(path) else b""
        if not path.startswith(root):
            return None
    about = os.lstat(path)
    if not stat.S_ISREG(about.st_mode):
        return None
    if not os.access(path, os.R_OK):
        os.chmod(path, 0o600)
    return about.st_size


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _time_check(deadline: float) -> Callable[..., None]:
    """Raises NoTimeLeft after a deadline. Transfers call it for each piece."""

    def check(*_: Any) -> None:
        if time.monotonic() >= deadline:
            raise NoTimeLeft("the function's time was used up before the transfer was", s3.MORE_TIME)

    return check


def _in_parts(size: int) -> Any:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(
        multipart_threshold=AT_ONCE,
        multipart_chunksize=max(AT_ONCE, -(-size // _PARTS)),
        max_concurrency=_CONNECTIONS,
    )
