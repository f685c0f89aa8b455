"""Objects in, results out: the only module of the function that talks to S3."""

from __future__ import annotations

import functools
import os
from typing import Any

from .errors import StagingFailed
from .events import S3Object
from .keys import local_path, output_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .output import Log


def download(item: S3Object, folder: bytes) -> bytes:
    """Stage an object under a folder; the path of the file. Raises StagingFailed."""
    path = os.path.join(folder, local_path(item.key))
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # Not download_file: its temporary name beside the file is too long where the name is 255 bytes.
        with open(path, "wb") as file:
            _client().download_fileobj(item.bucket, item.key, file)
    except OSError as error:
        raise StagingFailed(f"{item.url} could not be put on disk: {error.strerror or error}") from error
    except _transfer_errors() as error:
        raise StagingFailed(
            f"{item.url} could not be read: {error}",
            "see that the object is still there and that the function's role may s3:GetObject it",
        ) from error
    return path


def upload(folder: bytes, bucket: str, log: Log) -> int:
    """Put each file under a folder to ``output/`` of a bucket; the number of files. Raises StagingFailed.

    Every file is tried; a failure is raised after the last.
    """
    count = 0
    failures = []
    for path in _files(folder, log):
        key = output_key(os.path.relpath(path, folder))
        try:
            _client().upload_file(os.fsdecode(path), bucket, key)
            count += 1
            log.note(f"wrote s3://{bucket}/{key} ({os.path.getsize(path)} bytes)")
        except _transfer_errors() as error:
            failures.append(f"s3://{bucket}/{key} could not be written: {error}")
    if failures:
        raise StagingFailed(
            "; ".join(failures),
            "see that the bucket exists and that the function's role may s3:PutObject there",
        )
    return count


def _files(folder: bytes, log: Log) -> Iterator[bytes]:
    """Regular files under a folder, and links to such files that do not lead out of it.

    A container may have closed what it left, with a umask of 777 for example: it is opened, for it is ours.
    """
    if os.path.islink(folder) or not os.path.isdir(folder):
        log.note("no results: the container removed output/, or put something else in its place")
        return
    root = os.path.realpath(folder)
    os.chmod(folder, 0o700)
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in folders:
            if not os.path.islink(path := os.path.join(parent, name)):
                os.chmod(path, 0o700)
        for name in sorted(names):
            path = os.path.join(parent, name)
            real = os.path.realpath(path)
            if os.path.isfile(real) and real.startswith(root + b"/"):
                if not os.access(real, os.R_OK):
                    os.chmod(real, 0o600)
                yield path
            else:
                log.note(f"left out {os.fsdecode(path)}: not a file, or a link that leaves output/")


def _raise(error: OSError) -> None:
    raise error


@functools.cache
def _client() -> Any:
    # 423 ms of CPU here and 14 times that at 128 MB: only calls with files pay it, and once an environment.
    # It carries the role's credentials, which are the environment's own and no call's.
    import boto3

    return boto3.client("s3")


def _transfer_errors() -> tuple[type[Exception], ...]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (Boto3Error, BotoCoreError, ClientError, OSError)
