"""The steps of a plan: frozen values, each one change to AWS that can be told, made and taken back."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from scar.aws.buckets import DestinationRefused
from scar.aws.functions import NewFunction, RoleNotAssumed
from scar.aws.session import Aws
from scar.deploy import names, notification
from scar.deploy.calls import preheat

ROLE_PAUSES = (1, 2, 4, 8, 16)
"""Seconds to wait before each new try with a role that Lambda cannot assume."""

PERMISSION_PAUSES = (1, 2, 4, 8)
"""Seconds to wait before each new try of a notification that S3 refuses."""


class Step(ABC):
    """One change."""

    may_be_interrupted: ClassVar[bool] = False
    """True for steps that last and make nothing. The others are let finish, so that they can be undone."""

    is_final: ClassVar[bool] = False
    """True for a step that cannot be taken back: once it is made, those before it stay as well."""

    @abstractmethod
    def describe(self) -> str:
        """What the step makes or does, as in "creating ...", without the verb's subject."""

    @abstractmethod
    def apply(self, aws: Aws) -> None:
        """Make the change. Raises ScarError, and has then changed nothing."""

    def undo(self, aws: Aws) -> str:
        """Take back what `apply` made; what it was, or "" for a step that makes nothing."""
        del aws
        return ""


@dataclass(frozen=True)
class CreateLogGroup(Step):
    name: str
    tags: tuple[tuple[str, str], ...]

    def describe(self) -> str:
        return f"create log group {self.name}"

    def apply(self, aws: Aws) -> None:
        aws.logs.create(self.name, dict(self.tags))

    def undo(self, aws: Aws) -> str:
        aws.logs.delete(self.name)
        return f"log group {self.name}"


@dataclass(frozen=True)
class KeepLogs(Step):
    name: str
    days: int

    def describe(self) -> str:
        return f"keep the events of {self.name} for {self.days} days"

    def apply(self, aws: Aws) -> None:
        aws.logs.keep_for(self.name, self.days)


@dataclass(frozen=True)
class CreateFunction(Step):
    new: NewFunction

    def describe(self) -> str:
        new, settings = self.new, self.new.settings
        return (
            f"create function {new.name} ({settings.memory} MB, {settings.time} s,"
            f" {settings.storage} MB of /tmp, {new.runtime}, {new.architecture})"
        )

    def apply(self, aws: Aws) -> None:
        """Also with a role that was made a moment ago: it takes some seconds to reach Lambda."""
        for pause in ROLE_PAUSES:
            try:
                return aws.functions.create(self.new)
            except RoleNotAssumed:
                time.sleep(pause)
        return aws.functions.create(self.new)

    def undo(self, aws: Aws) -> str:
        aws.functions.delete(self.new.name)
        return f"function {self.new.name}"


@dataclass(frozen=True)
class WaitUntilActive(Step):
    may_be_interrupted: ClassVar[bool] = True
    function: str

    def describe(self) -> str:
        return f"wait until function {self.function} is active"

    def apply(self, aws: Aws) -> None:
        aws.functions.wait_until_active(self.function)


@dataclass(frozen=True)
class SetFailureDestination(Step):
    function: str
    arn: str

    def describe(self) -> str:
        return f"send events that fail in {self.function} to {self.arn}"

    def apply(self, aws: Aws) -> None:
        aws.functions.set_failure_destination(self.function, self.arn)

    def undo(self, aws: Aws) -> str:
        aws.functions.forget_destinations(self.function)
        return f"failure destination of function {self.function}"


@dataclass(frozen=True)
class CreateBucket(Step):
    bucket: str

    def describe(self) -> str:
        return f"create bucket {self.bucket}"

    def apply(self, aws: Aws) -> None:
        aws.buckets.create(self.bucket)

    def undo(self, aws: Aws) -> str:
        aws.buckets.delete(self.bucket)
        return f"bucket {self.bucket}"


@dataclass(frozen=True)
class PutMarker(Step):
    """A folder in a bucket: an empty object whose key ends with a slash, as S3's console makes it."""

    bucket: str
    key: str

    def describe(self) -> str:
        return f"create folder {self.key} in bucket {self.bucket}"

    def apply(self, aws: Aws) -> None:
        aws.buckets.put_empty(self.bucket, self.key)

    def undo(self, aws: Aws) -> str:
        aws.buckets.delete_object(self.bucket, self.key)
        return f"folder {self.key} of bucket {self.bucket}"


@dataclass(frozen=True)
class AllowBucket(Step):
    function: str
    bucket: str
    account: str
    partition: str

    def describe(self) -> str:
        return f"permit bucket {self.bucket} of account {self.account} to call {self.function}"

    def apply(self, aws: Aws) -> None:
        arn = names.bucket_arn(self.bucket, self.partition)
        aws.functions.allow_bucket(self.function, names.statement_id(self.bucket), arn, self.account)

    def undo(self, aws: Aws) -> str:
        aws.functions.withdraw(self.function, names.statement_id(self.bucket))
        return f"permission of bucket {self.bucket}"


@dataclass(frozen=True)
class AddNotification(Step):
    bucket: str
    entry: notification.Entry

    def describe(self) -> str:
        function = self.entry.function_arn.rpartition(":")[2]
        return f"call {function} for new objects under {self.entry.prefix} in bucket {self.bucket}"

    def apply(self, aws: Aws) -> None:
        """Also with a permission that was given a moment ago: it takes some seconds to reach S3."""
        for pause in PERMISSION_PAUSES:
            try:
                return self._add(aws)
            except DestinationRefused:
                time.sleep(pause)
        return self._add(aws)

    def _add(self, aws: Aws) -> None:
        document = aws.buckets.notification(self.bucket)
        aws.buckets.set_notification(self.bucket, notification.with_entry(document, self.entry), adds=True)

    def undo(self, aws: Aws) -> str:
        document = aws.buckets.notification(self.bucket)
        kept = notification.without_function(document, self.entry.function_arn)
        aws.buckets.set_notification(self.bucket, kept, adds=False)
        return f"notification of bucket {self.bucket}"


@dataclass(frozen=True)
class Preheat(Step):
    may_be_interrupted: ClassVar[bool] = True
    function: str
    seconds: int
    """The function's time-out in seconds."""

    def describe(self) -> str:
        return f"preheat function {self.function}: fetch its image with a first call"

    def apply(self, aws: Aws) -> None:
        preheat(aws, self.function, self.seconds)
