"""Lambda's REPORT lines, in the forms that AWS prints."""

from __future__ import annotations

import pytest

from scar import report_line
from scar.report_line import Report

ID = "3604209a-e9a3-11e6-939a-754dd98c7be3"
START = f"REPORT RequestId: {ID}\tDuration: "
WARM = Report(ID, 12.34, 13, 128, 56)


def of(ending: str = "") -> Report | None:
    """What is read from the line of a warm call with this after its figures."""
    return report_line.parse(
        f"{START}12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB\t{ending}\n"
    )


@pytest.mark.parametrize(
    ("ending", "changes"),
    [
        ("", {}),
        ("Init Duration: 130.49 ms\t", {"init_ms": 130.49}),
        ("\nXRAY TraceId: 1-5e34a614-10bdxmplf1fb44f0\tSegmentId: 07f5\tSampled: true\t", {}),
        ("Init Duration: 9 ms\t\nXRAY TraceId: 1-5e34\tSegmentId: 07f5\tSampled: true\t", {"init_ms": 9.0}),
        ("Status: timeout", {"status": "timeout"}),
        (
            "Status: error\tError Type: Runtime.ExitError",
            {"status": "error", "error_type": "Runtime.ExitError"},
        ),
        (
            "Init Duration: 88.01 ms\tStatus: error\tError Type: Runtime.OutOfMemory",
            {"init_ms": 88.01, "status": "error", "error_type": "Runtime.OutOfMemory"},
        ),
        (
            "Restore Duration: 512.34 ms\tBilled Restore Duration: 121 ms\t",
            {"init_ms": 512.34, "billed_ms": 134},
        ),
    ],
)
def test_every_form_is_read(ending: str, changes: dict[str, object]) -> None:
    whole = {name: getattr(WARM, name) for name in Report.__slots__}
    assert of(ending) == Report(**{**whole, **changes})


def test_figures_without_a_fraction_are_read() -> None:
    message = f"{START}3 ms\tBilled Duration: 3 ms\tMemory Size: 10240 MB\tMax Memory Used: 10240 MB"
    assert report_line.parse(message) == Report(ID, 3.0, 3, 10240, 10240)


@pytest.mark.parametrize(
    "message",
    [
        "",
        f"START RequestId: {ID} Version: $LATEST\n",
        f"REPORT RequestId: {ID}\n",
        f"{START}x ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB",
        f"{START}1 ms\tBilled Duration: 13 s\tMemory Size: 128 MB\tMax Memory Used: 56 MB",
        f"{START}nan ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB",
        f"{START}{'9' * 400} ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB",
        f"{START}1 ms\tBilled Duration: 1 ms\tMemory Size: 0 MB\tMax Memory Used: 56 MB",
        f"{START}1 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB".replace(
            ID, "$(id)"
        ),
        f"said: {START}1 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB",
        "INIT_REPORT Init Duration: 10.00 ms\tPhase: init\tStatus: timeout",
    ],
)
def test_other_lines_are_none(message: str) -> None:
    assert report_line.parse(message) is None


def test_the_last_line_of_a_log_counts() -> None:
    def line(seconds: int) -> bytes:
        figures = "Memory Size: 128 MB\tMax Memory Used: 56 MB"
        return f"{START}{seconds} ms\tBilled Duration: {seconds} ms\t{figures}\t\n".encode()

    log = b"\xff cut\n" + line(1) + b"moo\n" + line(2) + b"REPORT RequestId: of mine\n"
    found = report_line.last(log)
    assert found is not None
    assert found.billed_ms == 2
    assert report_line.last(b"moo\n") is None
