"""Files to objects and back, several of them, and of the pieces of large ones, at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from scar.aws.buckets import Object
from scar.aws.errors import Conflict, Unreachable, request
from scar.aws.pieces import Cancelled, Pieces, Place, Progress

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from s3transfer.futures import TransferFuture
    from s3transfer.manager import TransferManager

PART_BYTES = 8 * 1024 * 1024
"""From this size on a file is uploaded in parts, each of this size. S3 takes 10,000 of them: the parts of
larger files are twice as large, or four times, and so on."""

GET_PART_BYTES = 32 * 1024 * 1024
"""The same for what is downloaded: a part is a request that reads, and more of them bring nothing."""


class Transfers:
    """Uploads and downloads. Any number of threads may ask; no more than so many requests run.

    What is asked of itself begins anew if it is interrupted; what is asked of ``pieces`` can be gone on with.
    """

    def __init__(self, client: S3Client, at_once: int, part_bytes: int) -> None:
        from s3transfer.manager import TransferConfig, TransferManager  # with boto3: only when S3 is used

        config = TransferConfig(
            multipart_threshold=part_bytes,
            multipart_chunksize=part_bytes,
            max_request_concurrency=at_once,
            max_submission_concurrency=at_once,
        )
        self._client = client
        self._manager: TransferManager = TransferManager(client, config)
        self._running: set[TransferFuture] = set()
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(at_once)
        """One for each request of a piece, and for each file that is moved as a whole."""
        self.pieces = Pieces(client, at_once, self._slots)

    def __enter__(self) -> Transfers:
        return self

    def __exit__(self, *_: object) -> None:
        self._manager.shutdown()
        self.pieces.shutdown()
        self._client.close()

    def cancel(self) -> None:
        """End what is under way, which raises Cancelled where it was asked for.

        Not by the manager's own shutdown, which fails in s3transfer 0.19 when it is to cancel something.
        """
        self.pieces.cancel()
        with self._lock:
            for future in self._running:
                future.cancel()

    def upload(self, source: str | IO[bytes], place: Place, *, content_type: str, progress: Progress) -> None:
        """Make a file, given by its path or opened, the content of an object.

        Raises AwsError, OSError for the file, and Cancelled. A file that changes meanwhile is not noticed.
        """
        arguments = {"ContentType": content_type, "ExpectedBucketOwner": place.owner}
        with self._slots, _transfer(f"put {place.key} into bucket {place.bucket}"):
            self._finish(
                self._manager.upload(source, place.bucket, place.key, arguments, [_subscriber(progress)])
            )

    def download(self, bucket: str, item: Object, file: IO[bytes], progress: Progress) -> None:
        """Write an object's content into an empty file, in any order.

        Raises AwsError (NotFound if the object is gone, Conflict if it was replaced between its parts),
        OSError for the file, and Cancelled.
        """
        with self._slots, _transfer(f"get {item.key} from bucket {bucket}"):
            self._finish(
                self._manager.download(bucket, item.key, file, subscribers=[_subscriber(progress, item)])
            )

    def _finish(self, future: TransferFuture) -> None:
        """Wait for it."""
        with self._lock:
            self._running.add(future)
        try:
            future.result()
        finally:
            with self._lock:
                self._running.discard(future)


@contextmanager
def _transfer(what: str) -> Iterator[None]:
    """Turn s3transfer's exceptions, too, into AwsError."""
    from s3transfer.exceptions import CancelledError, RetriesExceededError, S3DownloadFailedError

    try:
        with request(what):
            yield
    except CancelledError as error:
        raise Cancelled(f"cannot {what}: cancelled") from error
    except RetriesExceededError as error:
        raise Unreachable(f"cannot {what}: {error.last_exception}") from error
    except S3DownloadFailedError as error:  # the one reason for it is an ETag that is not the first part's
        raise Conflict(f"cannot {what}: it was replaced meanwhile") from error


def _subscriber(progress: Progress, item: Object | None = None) -> Any:
    """Tells of progress; tells s3transfer what is known of the object, which saves asking for it."""
    from s3transfer.subscribers import BaseSubscriber

    class Subscriber(BaseSubscriber):
        def on_queued(self, future: TransferFuture, **_: object) -> None:
            if item is not None:
                future.meta.provide_transfer_size(item.size)
                future.meta.provide_object_etag(f'"{item.etag}"')

        def on_progress(self, future: TransferFuture, bytes_transferred: int, **_: object) -> None:
            del future
            progress(bytes_transferred)

    return Subscriber()
