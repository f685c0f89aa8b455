"""`scar put`: files and folders to a bucket."""

from __future__ import annotations

import io
import mimetypes
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from scar import limits
from scar.aws.buckets import Buckets, Object
from scar.aws.errors import NotFound
from scar.aws.pieces import Part, Piece, Place, Upload, cut
from scar.aws.transfers import PART_BYTES, Transfers
from scar.errors import ScarError
from scar.ops.buckets import near
from scar.ops.cloud import Cloud
from scar.ops.patience import patiently
from scar.ops.transfer import content, sent
from scar.ops.transfer.moving import INTERRUPTIONS, PASSING, Mover
from scar.ops.transfer.request import PutRequest, Show
from scar.ops.transfer.sent import Begun, Sent
from scar.ops.transfer.tally import Outcome, Tally
from scar.ops.transfer.tree import Source, Tree, survey

_UNKNOWN = "application/octet-stream"
_FOLDER = "application/x-directory"
"""Of empty objects that stand for folders, as AWS's console makes them."""


class FileChanged(ScarError):
    """A file is not what it was when it began to be sent."""


def prepare(request: PutRequest) -> Tree:
    """What is to be sent. Raises UsageError; nobody is asked."""
    limits.concurrency(request.at_once, "--concurrency")
    if request.owner:
        limits.account(request.owner, "--bucket-owner")
    return survey(request.paths, request.target.folder)


def put(request: PutRequest, tree: Tree, cloud: Cloud, show: Show) -> Outcome:
    """Send what `prepare` found. Raises ScarError before the first file, and tells what fails after that."""
    bucket = request.target.bucket
    owner = request.owner or cloud.aws.caller.identity().account
    aws = near(cloud.aws, bucket, owner)
    there = _existing(tree, bucket, aws.buckets)
    tally = Tally(len(tree.sources), tree.size)
    tally.failures += tree.failures
    with aws.transfers(request.at_once, PART_BYTES) as transfers:
        sender = _Sender(transfers, aws.buckets, bucket, owner, there, tally)
        stopped = Mover(transfers, request.at_once, tally, show).move(tree.sources, sender.send)
    return Outcome(tally, tuple(tree.left_out), stopped)


def _existing(tree: Tree, bucket: str, buckets: Buckets) -> Mapping[str, Object]:
    """The objects that have the keys of the files."""
    keys = {source.key for source in tree.sources}
    if not keys:
        return {}
    first, last = min(keys), max(keys)
    beginning = buckets.find(bucket, first)
    found = {} if beginning is None else {first: beginning}
    for item in buckets.objects(bucket, _common_beginning(first, last), after=first):
        if item.key > last:  # they come in the order of their bytes in UTF-8, which is Python's, too
            break
        if item.key in keys:
            found[item.key] = item
    return found


def _common_beginning(first: str, last: str) -> str:
    """Of two keys, and so of all between them."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(character for character, _ in pairs)


@dataclass(frozen=True)
class _Sender:
    """Sends one file after another, from any thread."""

    transfers: Transfers
    buckets: Buckets
    bucket: str
    owner: str
    there: Mapping[str, Object]
    tally: Tally

    def send(self, source: Source, stopping: threading.Event) -> None:
        """Send the file, if it is not there already. Raises AwsError, OSError, FileChanged."""
        if self._is_there(source):
            self.tally.find(source.size)
            return
        patiently(lambda: self._attempt(source), PASSING, stopping)
        self.tally.move()

    def _is_there(self, source: Source) -> bool:
        found = self.there.get(source.key)
        if source.is_folder:
            return found is not None and found.size == 0
        return _is_content(found, source.path, source.size)

    def _attempt(self, source: Source) -> None:
        place = Place(self.bucket, source.key, self.owner)
        if source.is_folder:
            with self.tally.attempt() as progress:
                self.transfers.upload(io.BytesIO(), place, content_type=_FOLDER, progress=progress)
            return
        file = _File.at(source.path)
        if file.state.size >= PART_BYTES:
            self._attempt_in_pieces(file, place)
            return
        with self.tally.attempt() as progress:
            self.transfers.upload(file.path, place, content_type=file.content_type, progress=progress)
            file.check()

    def _attempt_in_pieces(self, file: _File, place: Place) -> None:
        """Send what S3 lacks of it."""
        with sent.opened(place) as record:
            begun = self._begun(record, file, place)
            try:
                self._send_missing(record, begun, file)
            except INTERRUPTIONS:
                raise
            except BaseException as error:
                self.transfers.pieces.give_up(begun.upload)
                record.remove()
                if not (isinstance(error, NotFound) and begun.parts):
                    raise
            else:
                record.remove()
                return
        # S3 does not know the upload that was begun before: a rule of the bucket's has ended it.
        self._attempt_in_pieces(file, place)

    def _begun(self, record: Sent, file: _File, place: Place) -> Begun:
        """The upload that is to be gone on with, or a new one."""
        pieces = self.transfers.pieces
        identity = [*file.state, file.content_type, PART_BYTES]
        found = record.begun()
        if found is not None and found.identity == identity:
            return found
        if found is not None:
            pieces.give_up(found.upload)
        return record.begin(pieces.begin(place, file.content_type), identity)

    def _send_missing(self, record: Sent, begun: Begun, file: _File) -> None:
        parts = dict(begun.parts)

        def add(part: Part) -> None:
            record.add(part)
            parts[part["PartNumber"]] = part

        missing = [piece for piece in file.pieces() if piece.number not in parts]
        with self.tally.attempt() as progress:
            progress(file.state.size - sum(piece.size for piece in missing))
            self.transfers.pieces.upload(file.path, missing, begun.upload, add, progress)
            file.check()
            in_order = [parts[number] for number in sorted(parts)]
            self._complete(begun.upload, in_order, file)

    def _complete(self, upload: Upload, parts: Sequence[Part], file: _File) -> None:
        """Make the object. S3 forgets an upload that is complete: behind a lost answer it is made already."""
        try:
            self.transfers.pieces.complete(upload, parts)
        except NotFound:
            found = self.buckets.find(self.bucket, upload.place.key)
            if not _is_content(found, file.path, file.state.size):
                raise


def _is_content(found: Object | None, path: str, size: int) -> bool:
    """Whether an object is the content of a file, which had so many bytes when it was looked at."""
    if found is None or found.size != size:
        return False
    with open(path, "rb") as file:
        return os.fstat(file.fileno()).st_size == size and content.is_of(found.etag, file, size)


class _State(NamedTuple):
    """What changes with a file's content."""

    device: int
    inode: int
    size: int
    """Bytes."""
    modified: int
    """Nanoseconds since 1970."""

    @classmethod
    def of(cls, path: str) -> _State:
        found = os.stat(path)
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


class _File(NamedTuple):
    """A file as it is when it begins to be sent."""

    path: str
    state: _State

    @classmethod
    def at(cls, path: str) -> _File:
        return cls(path, _State.of(path))

    @property
    def content_type(self) -> str:
        return mimetypes.guess_type(self.path)[0] or _UNKNOWN

    def pieces(self) -> list[Piece]:
        return cut(self.state.size, PART_BYTES)

    def check(self) -> None:
        """Raise FileChanged if it is another one by now."""
        if _State.of(self.path) != self.state:
            raise FileChanged("it was changed while it was sent", hint="send it again when it is at rest")
