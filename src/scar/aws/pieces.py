"""Large files piece by piece, so that one that was interrupted can be gone on with.

s3transfer's managers, which move all other files, begin each file anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import AbstractContextManager, closing, suppress
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

from scar.aws.buckets import Object
from scar.aws.errors import AwsError, Conflict, request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

MOST_PARTS = 10_000
"""Of an upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

_CHECKSUM: Literal["CRC32"] = "CRC32"
"""What S3 compares each part by: boto3's choice, too."""

_BLOCK = 1024 * 1024
"""Bytes that are read at once."""

Progress = Callable[[int], None]
"""Takes how many bytes more have been moved; less than none where a part begins again."""


class Cancelled(AwsError):
    """The transfer was cancelled before the file was through."""


class Place(NamedTuple):
    """Where an object is to be."""

    bucket: str
    key: str
    owner: str
    """The account whose bucket it must be."""


class Upload(NamedTuple):
    """An upload that was begun."""

    place: Place
    id: str
    """S3's."""


class Piece(NamedTuple):
    """A part of a file."""

    number: int
    """From 1 on."""
    start: int
    size: int
    """Bytes."""


Sink = Callable[[Piece], AbstractContextManager[IO[bytes]]]
"""Where a piece is written to. It is there when the context has ended without an exception."""

Part = Mapping[str, Any]
"""What S3 wants to be told of each part at the end: its number, its ETag, its checksums."""


def cut(size: int, piece_bytes: int) -> list[Piece]:
    """The pieces of a file: of so many bytes each, or twice as many, or four times, if they were too many."""
    while size > piece_bytes * MOST_PARTS:
        piece_bytes *= 2
    starts = range(0, size, piece_bytes)
    return [Piece(number, start, min(piece_bytes, size - start)) for number, start in enumerate(starts, 1)]


class Pieces:
    """Requests for one piece each. Any number of threads may ask; no more than there are slots run."""

    def __init__(self, client: S3Client, at_once: int, slots: threading.Semaphore) -> None:
        self._client = client
        self._slots = slots
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="piece")
        self._cancelled = threading.Event()

    def shutdown(self) -> None:
        self._pool.shutdown()

    def cancel(self) -> None:
        """End what is under way, which raises Cancelled where it was asked for."""
        self._cancelled.set()

    def download(
        self, bucket: str, item: Object, pieces: Iterable[Piece], sink: Sink, progress: Progress
    ) -> None:
        """Get these pieces of an object.

        Raises AwsError (NotFound if the object is gone, Conflict if it is another one by now), OSError for
        the file, and Cancelled.
        """
        what = _getting(bucket, item.key)

        def get(piece: Piece) -> None:
            with sink(piece) as file, request(what):
                self._read(bucket, item, piece, file, progress)

        try:
            self._each(pieces, get, what)
        except Conflict as error:
            raise Conflict(f"cannot {what}: it was replaced meanwhile") from error

    def begin(self, place: Place, content_type: str) -> Upload:
        """Begin an upload. What is sent of it stays, and is paid for, until it is ended."""
        with request(_putting(place)):
            answer = self._client.create_multipart_upload(
                Bucket=place.bucket,
                Key=place.key,
                ContentType=content_type,
                ChecksumAlgorithm=_CHECKSUM,
                ExpectedBucketOwner=place.owner,
            )
            return Upload(place, answer["UploadId"])

    def upload(
        self,
        path: str,
        pieces: Iterable[Piece],
        upload: Upload,
        add: Callable[[Part], None],
        progress: Progress,
    ) -> None:
        """Send these pieces of a file. ``add`` gets each part as soon as S3 has it.

        Raises AwsError (NotFound if the upload has been ended), OSError for the file, and Cancelled.
        """
        what = _putting(upload.place)

        def put(piece: Piece) -> None:
            with request(what):
                part = self._send(path, piece, upload, progress)
            add(part)

        self._each(pieces, put, what)

    def complete(self, upload: Upload, parts: Sequence[Part]) -> None:
        """Make an object of the parts, which are in their order."""
        completed: list[CompletedPartTypeDef] = [{**part} for part in parts]  # type: ignore[typeddict-item]
        place = upload.place
        with request(_putting(place)):
            self._client.complete_multipart_upload(
                Bucket=place.bucket,
                Key=place.key,
                UploadId=upload.id,
                MultipartUpload={"Parts": completed},
                ExpectedBucketOwner=place.owner,
            )

    def give_up(self, upload: Upload) -> None:
        """Remove what was sent, if S3 can be asked to."""
        place = upload.place
        with suppress(AwsError), request(_putting(place)):
            self._client.abort_multipart_upload(
                Bucket=place.bucket, Key=place.key, UploadId=upload.id, ExpectedBucketOwner=place.owner
            )

    def _each(self, pieces: Iterable[Piece], move: Callable[[Piece], None], what: str) -> None:
        """Do this for all pieces. The first failure is raised when no piece is on its way any more."""

        def in_a_slot(piece: Piece) -> None:
            with self._slots:
                if self._cancelled.is_set():
                    raise Cancelled(f"cannot {what}: cancelled")
                move(piece)

        moves: list[Future[None]] = [self._pool.submit(in_a_slot, piece) for piece in pieces]
        try:
            for done in as_completed(moves):
                done.result()
        finally:
            for move_ in moves:
                move_.cancel()
            wait(moves)

    def _read(self, bucket: str, item: Object, piece: Piece, file: IO[bytes], progress: Progress) -> None:
        what = _getting(bucket, item.key)
        answer = self._client.get_object(
            Bucket=bucket,
            Key=item.key,
            Range=f"bytes={piece.start}-{piece.start + piece.size - 1}",
            IfMatch=f'"{item.etag}"',
        )
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] != piece.size:
                came = answer["ContentLength"]
                raise AwsError(f"cannot {what}: {came:,} bytes came where {piece.size:,} were asked for")
            for block in body.iter_chunks(_BLOCK):
                if self._cancelled.is_set():
                    raise Cancelled(f"cannot {what}: cancelled")
                file.write(block)
                progress(len(block))

    def _send(self, path: str, piece: Piece, upload: Upload, progress: Progress) -> Part:
        from s3transfer.utils import ReadFileChunk  # with boto3: only when S3 is used

        def moved(bytes_transferred: int) -> None:
            progress(bytes_transferred)

        with ReadFileChunk.from_filename(path, piece.start, piece.size, [moved]) as body:
            answer = self._client.upload_part(
                Bucket=upload.place.bucket,
                Key=upload.place.key,
                UploadId=upload.id,
                PartNumber=piece.number,
                Body=body,  # type: ignore[arg-type]
                ChecksumAlgorithm=_CHECKSUM,
                ExpectedBucketOwner=upload.place.owner,
            )
        part = {"PartNumber": piece.number, "ETag": answer["ETag"]}
        checksum = answer.get("ChecksumCRC32")  # emulators have none
        return {**part, "ChecksumCRC32": checksum} if checksum else part


def _getting(bucket: str, key: str) -> str:
    return f"get {key} from bucket {bucket}"


def _putting(place: Place) -> str:
    return f"put {place.key} into bucket {place.bucket}"
