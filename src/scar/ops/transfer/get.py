"""`scar get`: objects of a bucket to files."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from scar import limits
from scar.aws.pieces import cut
from scar.aws.transfers import GET_PART_BYTES, Transfers
from scar.ops.buckets import near
from scar.ops.cloud import Cloud
from scar.ops.patience import patiently
from scar.ops.transfer import partial
from scar.ops.transfer import plan as planning
from scar.ops.transfer.moving import PASSING, Mover
from scar.ops.transfer.plan import Item
from scar.ops.transfer.request import GetRequest, Show
from scar.ops.transfer.tally import Outcome, Tally
from scar.ops.transfer.target import Target


def get(request: GetRequest, cloud: Cloud, show: Show) -> Outcome:
    """Get all of it. Raises ScarError before anything is got, and tells what fails afterwards."""
    limits.concurrency(request.at_once, "--concurrency")
    planning.check_local(request.local)
    source = request.source
    aws = near(cloud.aws, source.bucket)
    plan = planning.make(source, request.local, aws.buckets)
    tally = Tally(len(plan.items) + len(plan.failures), plan.size)
    tally.failures += plan.failures
    target = Target(plan.root)
    wanted = {
        partial.name_of(source.bucket, item.object, GET_PART_BYTES) for item in plan.items if _is_large(item)
    }
    with target.opened(wanted), aws.transfers(request.at_once, GET_PART_BYTES) as transfers:
        getter = _Getter(transfers, source.bucket, target, tally)
        stopped = Mover(transfers, request.at_once, tally, show).move(plan.items, getter.get)
    return Outcome(tally, stopped=stopped)


@dataclass(frozen=True)
class _Getter:
    """Gets one object after another, from any thread."""

    transfers: Transfers
    bucket: str
    target: Target
    tally: Tally

    def get(self, item: Item, stopping: threading.Event) -> None:
        """Get the object, if it is not there already. Raises AwsError, OSError, Refused."""
        if self._is_there(item):
            self.tally.find(item.object.size)
            return
        if not item.is_folder:
            patiently(lambda: self._attempt(item), PASSING, stopping)
        self.tally.move()

    def _is_there(self, item: Item) -> bool:
        if item.is_folder:
            return not self.target.make_folder(item.name.removesuffix("/"))
        return self.target.holds(item.name, item.object.size, item.object.etag)

    def _attempt(self, item: Item) -> None:
        if _is_large(item):
            self._attempt_in_pieces(item)
            return
        with self.tally.attempt() as progress, self.target.new(item.name) as file:
            self.transfers.download(self.bucket, item.object, file, progress)

    def _attempt_in_pieces(self, item: Item) -> None:
        """Get what is missing of it."""
        name = partial.name_of(self.bucket, item.object, GET_PART_BYTES)
        with self.tally.attempt() as progress, self.target.partial(item.name, name) as file:
            missing = [piece for piece in cut(item.object.size, GET_PART_BYTES) if not file.has(piece)]
            progress(item.object.size - sum(piece.size for piece in missing))
            self.transfers.pieces.download(self.bucket, item.object, missing, file.piece, progress)


def _is_large(item: Item) -> bool:
    return item.object.size >= GET_PART_BYTES
