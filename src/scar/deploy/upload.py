"""How a package comes to Lambda: along with the request, or through a bucket if it is too large for that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from scar import limits
from scar.aws.functions import Package
from scar.aws.session import Aws
from scar.deploy.steps import Step
from scar.errors import ScarError


@dataclass(frozen=True)
class UploadPackage(Step):
    package: Package

    def describe(self) -> str:
        size = len(self.package.content)
        return f"upload the package ({size:,} bytes) to {_place(self.package)}"

    def apply(self, aws: Aws) -> None:
        aws.buckets.put(self.package.bucket, self.package.key, self.package.content)

    def undo(self, aws: Aws) -> str:
        aws.buckets.delete_object(self.package.bucket, self.package.key)
        return _place(self.package)


@dataclass(frozen=True)
class RemoveUpload(Step):
    package: Package

    def describe(self) -> str:
        return f"remove {_place(self.package)}"

    def apply(self, aws: Aws) -> None:
        aws.buckets.delete_object(self.package.bucket, self.package.key)


def package_for(content: bytes, function: str, bucket: str) -> Package:
    """The package on its way to a function. ``bucket``, if not empty, takes those that are too large.

    Raises ScarError for one that is, without a bucket.
    """
    if len(content) <= limits.PACKAGE_BYTES:
        return Package(content)
    if not bucket:
        limits.package_size(len(content))
    digest = hashlib.sha256(content).hexdigest()
    return Package(content, bucket, f"scar/{function}-{digest[:16]}.zip")


def around(package: Package, step: Step) -> tuple[Step, ...]:
    """The step that takes the package, between its upload and the removal of that, if it needs one."""
    if not package.bucket:
        return (step,)
    return (UploadPackage(package), step, RemoveUpload(package))


def check_bucket(aws: Aws, bucket: str, account: str) -> None:
    """Raise ScarError for a bucket that Lambda cannot read a package from. None is needed if it is empty."""
    if not bucket:
        return
    region = aws.buckets.region_of(bucket, account)
    if region is None:
        raise ScarError(
            f"there is no bucket {bucket} for the deployment package",
            hint="make it, or name another one: --package-bucket",
        )
    if region != aws.region:
        raise ScarError(
            f"bucket {bucket} is in {region}, the function in {aws.region}",
            hint="Lambda takes packages from buckets of its own region only: name another one",
        )


def _place(package: Package) -> str:
    return f"s3://{package.bucket}/{package.key}"
