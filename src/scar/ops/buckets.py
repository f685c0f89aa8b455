"""Finding buckets."""

from __future__ import annotations

from scar.aws.session import Aws
from scar.errors import ScarError


def near(aws: Aws, bucket: str, owner: str = "") -> Aws:
    """The account, seen from the bucket's region. Raises ScarError if there is no such bucket.

    With an owner, AccessDenied if it is not that account's.
    """
    region = aws.buckets.region_of(bucket, owner)
    if region is None:
        raise ScarError(
            f"there is no bucket {bucket}", hint=f"scar init -es {bucket} makes it, for a function's files"
        )
    return aws.in_region(region)
