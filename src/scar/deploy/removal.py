"""From what exists of a function to the steps that remove it. A bucket and its objects are never touched."""

from __future__ import annotations

from dataclasses import dataclass

from scar.aws.errors import AccessDenied, NotFound
from scar.aws.session import Aws
from scar.deploy import names, notification, owned
from scar.deploy.spec import is_of_scar
from scar.deploy.steps import Step


@dataclass(frozen=True)
class Found:
    """What there is of a function that SCAR made."""

    function: str
    arn: str = ""
    """Empty: there is no function any more."""
    buckets: tuple[str, ...] = ()
    """Those that SCAR permitted to call the function, and that do."""
    lost_buckets: tuple[str, ...] = ()
    """Those that SCAR permitted to call the function, and that are another account's by now."""
    log_group: bool = False


@dataclass(frozen=True)
class RemoveNotification(Step):
    bucket: str
    function_arn: str

    def describe(self) -> str:
        return f"remove the notification of bucket {self.bucket}"

    def apply(self, aws: Aws) -> None:
        try:
            document = aws.buckets.notification(self.bucket)
        except NotFound:
            return  # a bucket that is gone notifies nobody
        kept = notification.without_function(document, self.function_arn)
        if kept != document:
            aws.buckets.set_notification(self.bucket, kept, adds=False)


@dataclass(frozen=True)
class LeaveNotification(Step):
    """Says what is not done: the function is to go all the same."""

    bucket: str

    def describe(self) -> str:
        return f"leave bucket {self.bucket} as it is: it belongs to somebody else by now"

    def apply(self, aws: Aws) -> None:
        """Nothing."""


@dataclass(frozen=True)
class DeleteFunction(Step):
    function: str

    def describe(self) -> str:
        return f"delete function {self.function} and its permissions"

    def apply(self, aws: Aws) -> None:
        aws.functions.delete(self.function)


@dataclass(frozen=True)
class DeleteLogGroup(Step):
    name: str

    def describe(self) -> str:
        return f"delete log group {self.name}"

    def apply(self, aws: Aws) -> None:
        aws.logs.delete(self.name)


def look(aws: Aws, name: str) -> Found:
    """What there is of the function. Raises ScarError if it is there, and not SCAR's."""
    function = owned.find(aws, name)
    group = aws.logs.find(names.log_group(name))
    if function is None:
        # The log group may be what another program left: its tags tell.
        return Found(name, log_group=group is not None and is_of_scar(group.tags))
    calling = {bucket: _calls(aws, bucket, function.arn) for bucket in owned.event_sources(aws, name)}
    return Found(
        name,
        function.arn,
        buckets=tuple(bucket for bucket, calls in calling.items() if calls),
        lost_buckets=tuple(bucket for bucket, calls in calling.items() if calls is None),
        log_group=group is not None,
    )


def plan_rm(found: Found) -> tuple[Step, ...]:
    """The steps that remove the function. The notification goes first: nothing calls what is going."""
    return (
        *(RemoveNotification(bucket, found.arn) for bucket in found.buckets),
        *(LeaveNotification(bucket) for bucket in found.lost_buckets),
        *([DeleteFunction(found.function)] if found.arn else ()),
        *([DeleteLogGroup(names.log_group(found.function))] if found.log_group else ()),
    )


def _calls(aws: Aws, bucket: str, function_arn: str) -> bool | None:
    """Whether the bucket calls the function; None: it was deleted, and made anew by somebody else.

    Raises AccessDenied for a bucket that is ours.
    """
    try:
        document = aws.buckets.notification(bucket)
    except NotFound:
        return False
    except AccessDenied as error:
        if error.action:
            raise
        return None
    return notification.without_function(document, function_arn) != document
