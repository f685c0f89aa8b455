"""Where a function's results go, if not to ``output/`` of the bucket that its input is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scar import limits
from scar.aws.session import Aws
from scar.deploy import names
from scar.errors import ScarError, UsageError

OPTION = "--output"


@dataclass(frozen=True)
class Output:
    """A place in S3."""

    bucket: str
    prefix: str
    """Empty, or with a slash at its end."""

    @classmethod
    def parse(cls, text: str) -> Output:
        """``BUCKET`` or ``BUCKET/PREFIX``, also with ``s3://`` before it. Raises UsageError."""
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        limits.bucket(bucket, OPTION)
        prefix = prefix.rstrip("/")
        return cls(bucket, limits.result_prefix(f"{prefix}/", OPTION) if prefix else "")

    @property
    def path(self) -> str:
        """As the function's configuration has it."""
        return f"{self.bucket}/{self.prefix}"

    @property
    def url(self) -> str:
        """For messages."""
        return f"s3://{self.path}"

    def check_apart_from(self, sources: Iterable[str]) -> None:
        """Raise UsageError if results would call the function again, from one of its buckets."""
        if self.bucket in sources and (
            self.prefix.startswith(names.INPUT_PREFIX) or names.INPUT_PREFIX.startswith(self.prefix)
        ):
            raise UsageError(
                f"{OPTION}: results in {self.url} would call the function again, which files under"
                f" s3://{self.bucket}/{names.INPUT_PREFIX} do",
                hint=f"choose a prefix beside it, such as {OPTION} {self.bucket}/results, or another bucket",
            )

    def check_bucket(self, aws: Aws, account: str) -> None:
        """Raise ScarError unless the bucket is there, and the account's."""
        if aws.buckets.region_of(self.bucket, account) is None:
            raise ScarError(
                f"there is no bucket {self.bucket} for the results",
                hint=f"make it, or name another one: {OPTION}",
            )
