"""What calls cost: Lambda's list prices of US East (N. Virginia), in USD, as of October 2025.

https://aws.amazon.com/lambda/pricing/: the first tier of each price. Other regions differ, and the free tier,
savings plans, S3, logs and data transfer are left out: this is an estimate, not a bill.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from scar.report_line import Report

PER_REQUEST: Final = 0.20 / 1_000_000
PER_GB_SECOND: Final = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
"""Of memory, while a call lasts. A GB has 1,024 MB here."""
PER_STORAGE_GB_SECOND: Final = 0.0000000309
"""Of /tmp above what costs nothing."""
FREE_STORAGE_MB: Final = 512


def cost(reports: Iterable[Report], *, architecture: str, storage_mb: int) -> float:
    """USD for these calls of a function with this architecture and so much /tmp; ``reports`` is read once."""
    per_gb_second = PER_GB_SECOND[architecture]
    storage_price = max(0, storage_mb - FREE_STORAGE_MB) / 1024 * PER_STORAGE_GB_SECOND
    return sum(
        PER_REQUEST + report.billed_ms / 1000 * (report.memory_mb / 1024 * per_gb_second + storage_price)
        for report in reports
    )
