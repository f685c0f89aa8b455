"""What the calls of the local cloud's functions took, out of their logs."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

from scar import report_line
from scar.deploy.names import log_group
from scar.report_line import Report
from scar_supervisor.contract import ENV_IMAGE
from tools.local_aws import client


class Figures(NamedTuple):
    """Of one function."""

    function: str
    image: str
    cold_seconds: float
    """The first call, with the start of its environment and the image fetched and unpacked."""
    warm_seconds: float | None
    """The median of those that found the image there; None if there were none."""
    memory_used_mb: int
    memory_mb: int


def measured() -> list[Figures]:
    """Those of all functions that were called."""
    functions = client("lambda").get_paginator("list_functions").paginate()
    return [
        figures
        for page in functions
        for function in page["Functions"]
        if (figures := _of_function(function)) is not None
    ]


def _of_function(function: dict[str, Any]) -> Figures | None:
    reports = list(_reports(function["FunctionName"]))
    cold = [report.init_ms + report.duration_ms for report in reports if report.init_ms is not None]
    warm = [report.duration_ms for report in reports if report.init_ms is None]
    if not cold:
        return None
    return Figures(
        function=function["FunctionName"],
        image=function["Environment"]["Variables"][ENV_IMAGE],
        cold_seconds=cold[0] / 1000,
        warm_seconds=median(warm) / 1000 if warm else None,
        memory_used_mb=max(report.memory_used_mb for report in reports),
        memory_mb=function["MemorySize"],
    )


def _reports(function: str) -> Iterator[Report]:
    """In order of time."""
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=log_group(function), filterPattern="REPORT")
    )
    for page in pages:
        for event in page["events"]:
            if report := report_line.parse(event["message"]):
                yield report
