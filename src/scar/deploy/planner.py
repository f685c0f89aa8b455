"""From a specification, and what exists, to the steps that are left. Pure: nothing is asked or changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scar.aws.functions import Package
from scar.aws.logs import LogGroup
from scar.deploy import names, notification, steps, upload
from scar.deploy.spec import FunctionSpec, is_of_scar
from scar.errors import ScarError

LOG_RETENTION_DAYS = 30


@dataclass(frozen=True)
class Source:
    """What there is of the bucket that is to call the function."""

    exists: bool = False
    folders: frozenset[str] = frozenset()
    """Keys of folder markers."""
    notification: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Existing:
    """What there is already of what the function needs. (The function itself must not exist.)"""

    log_group: LogGroup | None = None
    source: Source = Source()


def plan_init(
    spec: FunctionSpec, package: Package, existing: Existing, before: tuple[steps.Step, ...] = ()
) -> tuple[steps.Step, ...]:
    """The steps that make the function, after those that bring what it needs.

    Raises ScarError if another's notification stands in the way.
    """
    return (
        *before,
        *_log_group(spec, existing),
        *upload.around(package, steps.CreateFunction(spec.new_function(package))),
        steps.WaitUntilActive(spec.name),
        *([steps.SetFailureDestination(spec.name, spec.on_failure)] if spec.on_failure else ()),
        *([steps.Preheat(spec.name, spec.time)] if spec.preheat else ()),
        *(_event_source(spec, existing.source) if spec.bucket else ()),
    )


def _log_group(spec: FunctionSpec, existing: Existing) -> tuple[steps.Step, ...]:
    """Nothing for a group that exists: its events, and how long they are kept, are somebody's choice.

    But for one of SCAR's that is kept for ever: there `init` was stopped behind the first of its two calls.
    """
    group, keep = existing.log_group, steps.KeepLogs(spec.log_group, LOG_RETENTION_DAYS)
    if group is None:
        return (steps.CreateLogGroup(spec.log_group, tuple(spec.tags.items())), keep)
    return (keep,) if is_of_scar(group.tags) and group.retention_days is None else ()


def _event_source(spec: FunctionSpec, source: Source) -> tuple[steps.Step, ...]:
    """The permission comes before the notification: S3 refuses one that it could not deliver."""
    entry = notification.Entry(names.notification_id(spec.name), spec.arn, names.INPUT_PREFIX)
    _check_overlap(spec.bucket, source, entry)
    wanted = (names.INPUT_PREFIX, *(() if spec.output else (names.OUTPUT_PREFIX,)))
    folders = [key for key in wanted if key not in source.folders]
    return (
        *([] if source.exists else [steps.CreateBucket(spec.bucket)]),
        *(steps.PutMarker(spec.bucket, key) for key in folders),
        steps.AllowBucket(spec.name, spec.bucket, spec.role.account, spec.role.partition),
        steps.AddNotification(spec.bucket, entry),
    )


def _check_overlap(bucket: str, source: Source, entry: notification.Entry) -> None:
    other = notification.overlapping(dict(source.notification), entry)
    if other is not None:
        raise ScarError(
            f"bucket {bucket} already notifies {notification.target(other)} of objects under {entry.prefix}",
            hint="S3 calls one destination for an object: choose another bucket, or remove that notification",
        )
