"""CloudWatch's log groups and their events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scar.aws.errors import NotFound, made_by_an_earlier_try, request

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

PAGE_SECONDS = 0.2
"""Between pages. An account has five of them a second in a region:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""

_IN_ORDER = {"interleaved": True}
"""By time over all streams: AWS does so in any case, and others when they are asked to."""


@dataclass(frozen=True)
class LogEvent:
    """One line, or what a function wrote at once."""

    id: str
    """Of this event alone."""
    stream: str
    timestamp: int
    """Milliseconds since 1970."""
    message: str


@dataclass(frozen=True)
class LogGroup:
    """A log group as CloudWatch describes it."""

    tags: Mapping[str, str]
    retention_days: int | None = None
    """How long events are kept; None: for ever."""


class LogGroups:
    """The log groups of one account and region."""

    def __init__(self, client: CloudWatchLogsClient) -> None:
        self._client = client

    def find(self, name: str) -> LogGroup | None:
        """The group with its tags, or None."""
        with request(f"look for log group {name}"):
            pages = self._client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
            groups = [group for page in pages for group in page["logGroups"] if group["logGroupName"] == name]
        if not groups:
            return None
        arn = groups[0]["arn"].removesuffix(":*")
        with request(f"read the tags of log group {name}"):
            tags = self._client.list_tags_for_resource(resourceArn=arn)["tags"]
        return LogGroup(tags, groups[0].get("retentionInDays"))

    def create(self, name: str, tags: Mapping[str, str]) -> None:
        with made_by_an_earlier_try(), request(f"create log group {name}"):
            self._client.create_log_group(logGroupName=name, tags=dict(tags))

    def keep_for(self, name: str, days: int) -> None:
        """Let events vanish after so many days."""
        with request(f"set the retention of log group {name}"):
            self._client.put_retention_policy(logGroupName=name, retentionInDays=days)

    def delete(self, name: str) -> bool:
        """Delete the group and all its events. False if there was none."""
        try:
            with request(f"delete log group {name}"):
                self._client.delete_log_group(logGroupName=name)
        except NotFound:
            return False
        return True

    def events(
        self, name: str, *, stream: str = "", terms: Sequence[str] = (), since: int = 0
    ) -> Iterator[LogEvent]:
        """The events of the group: of one stream, with any of some terms, and not before a time, if these are
        given. In order of time, a page at a time; a stream's are in its own order.

        ``since`` is in milliseconds since 1970.
        """
        criteria: dict[str, Any] = {"logGroupName": name, **_IN_ORDER}
        if since:
            criteria["startTime"] = since
        if stream:
            criteria["logStreamNames"] = [stream]
        if terms:
            criteria["filterPattern"] = _pattern(terms)
        with request(f"read log group {name}"):
            for page in self._client.get_paginator("filter_log_events").paginate(**criteria):
                for event in page["events"]:
                    yield LogEvent(
                        event["eventId"], event["logStreamName"], event["timestamp"], event["message"]
                    )
                if "nextToken" in page:
                    time.sleep(PAGE_SECONDS)


def _pattern(terms: Sequence[str]) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"""
    return f'"{terms[0]}"' if len(terms) == 1 else " ".join(f'?"{term}"' for term in terms)
