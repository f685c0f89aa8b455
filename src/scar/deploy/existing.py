"""Looking at what exists in the account, before a plan is made."""

from __future__ import annotations

from scar.aws.session import Aws
from scar.deploy import names
from scar.deploy.planner import Existing, Source
from scar.deploy.spec import FunctionSpec
from scar.errors import ScarError


def look(aws: Aws, spec: FunctionSpec) -> Existing:
    """What there is of the function's surroundings. Raises ScarError for a bucket that cannot be used."""
    return Existing(
        log_group=aws.logs.find(spec.log_group),
        source=_source(aws, spec) if spec.bucket else Source(),
    )


def _source(aws: Aws, spec: FunctionSpec) -> Source:
    region = aws.buckets.region_of(spec.bucket, spec.role.account)
    if region is None:
        return Source()
    if region != spec.region:
        raise ScarError(
            f"bucket {spec.bucket} is in {region}, the function would be in {spec.region}",
            hint=f"S3 calls functions of its own region only: --region {region}, or another bucket",
        )
    folders = (names.INPUT_PREFIX, names.OUTPUT_PREFIX)
    return Source(
        exists=True,
        folders=frozenset(key for key in folders if aws.buckets.has(spec.bucket, key)),
        notification=aws.buckets.notification(spec.bucket),
    )
