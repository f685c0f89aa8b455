"""S3's buckets, as sources of events, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scar.aws.errors import AccessDenied, AwsError, NotFound, made_by_an_earlier_try, request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_CLASSIC_REGION = "us-east-1"
"""The region that CreateBucket must not be told, and that old answers call None."""


class DestinationRefused(AwsError):
    """S3 may not call what a notification names, or does not know yet that it may."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object as a list has it."""

    key: str
    size: int
    """Bytes."""
    last_modified: datetime
    """In UTC."""
    etag: str
    """Without its quotes."""


class Buckets:
    """The buckets that one region's endpoint reaches."""

    def __init__(self, client: S3Client, region: str) -> None:
        self._client = client
        self._region = region

    def region_of(self, bucket: str, owner: str = "") -> str | None:
        """The region of the bucket, or None if there is none of this name.

        Raises AccessDenied if it is not the account ``owner``'s, where that is given, or its owner has locked
        us out.
        """
        expected: Any = {"ExpectedBucketOwner": owner} if owner else {}
        try:
            with request(f"look for bucket {bucket}"):
                answer = self._client.head_bucket(Bucket=bucket, **expected)
        except NotFound:
            return None
        except AccessDenied as error:
            raise AccessDenied(
                f"bucket {bucket} belongs to somebody else, or its policy locks you out, or these credentials"
                " lack the permission s3:ListBucket for it",
                hint="names of buckets are shared by all accounts of the world: choose another one;"
                f" scar role policy -es {bucket} deployer prints what it takes to use one of yours",
            ) from error
        return answer.get("BucketRegion") or _CLASSIC_REGION

    def create(self, bucket: str) -> None:
        with made_by_an_earlier_try(), request(f"create bucket {bucket}"):
            if self._region == _CLASSIC_REGION:
                self._client.create_bucket(Bucket=bucket)
            else:
                self._client.create_bucket(
                    Bucket=bucket,
                    CreateBucketConfiguration={"LocationConstraint": self._region},  # type: ignore[typeddict-item]
                )

    def delete(self, bucket: str) -> None:
        """Delete a bucket, which must be empty."""
        with request(f"delete bucket {bucket}"):
            self._client.delete_bucket(Bucket=bucket)

    def objects(self, bucket: str, prefix: str, after: str = "") -> Iterator[Object]:
        """All objects whose keys begin with the prefix, in order of their keys, a page at a time.

        ``after``: only those that come after this key. Raises NotFound if there is no such bucket.
        """
        behind: Any = {"StartAfter": after} if after else {}
        with request(f"list {prefix} in bucket {bucket}"):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=bucket, Prefix=prefix, **behind):
                yield from map(_object, page.get("Contents", ()))

    def find(self, bucket: str, key: str) -> Object | None:
        """The object of exactly this key. Raises NotFound if there is no such bucket."""
        with request(f"look for {key} in bucket {bucket}"):
            answer = self._client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        first = next(map(_object, answer.get("Contents", ())), None)
        return first if first is not None and first.key == key else None

    def has(self, bucket: str, key: str) -> bool:
        try:
            with request(f"look for {key} in bucket {bucket}"):
                self._client.head_object(Bucket=bucket, Key=key)
        except NotFound:
            return False
        return True

    def put_empty(self, bucket: str, key: str) -> None:
        with request(f"put {key} into bucket {bucket}"):
            self._client.put_object(Bucket=bucket, Key=key)

    def put(self, bucket: str, key: str, content: bytes) -> None:
        with request(f"put {key} into bucket {bucket}"):
            self._client.put_object(Bucket=bucket, Key=key, Body=content)

    def read(self, bucket: str, key: str) -> bytes:
        """The content of an object. Raises NotFound if it is gone."""
        with request(f"read {key} in bucket {bucket}"):
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def delete_object(self, bucket: str, key: str) -> None:
        with request(f"delete {key} from bucket {bucket}"):
            self._client.delete_object(Bucket=bucket, Key=key)

    def notification(self, bucket: str) -> dict[str, Any]:
        """The whole notification configuration. Raises NotFound if the bucket is gone."""
        with request(f"read the notification of bucket {bucket}"):
            answer = self._client.get_bucket_notification_configuration(Bucket=bucket)
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}

    def set_notification(self, bucket: str, configuration: dict[str, Any], *, adds: bool) -> None:
        """Replace the whole notification configuration: merge into what `notification` returned first.

        S3 tries every destination in it, others' too. Without ``adds`` it does not: an entry of somebody
        else's that leads nowhere must not keep ours from being taken out. Raises DestinationRefused.
        """
        try:
            with request(f"set the notification of bucket {bucket}"):
                self._client.put_bucket_notification_configuration(
                    Bucket=bucket,
                    NotificationConfiguration=configuration,  # type: ignore[arg-type]
                    SkipDestinationValidation=not adds,
                )
        except AwsError as error:
            # S3 has no code of its own for it, but these words.
            if "Unable to validate the following destination configurations" not in error.message:
                raise
            raise DestinationRefused(
                error.message,
                hint="S3 tries all that a bucket notifies: if an entry of somebody else's names what is gone,"
                " it has to be taken out first",
            ) from error.__cause__


def _object(item: ObjectTypeDef) -> Object:
    """Out of a list's answer."""
    return Object(item["Key"], item["Size"], item["LastModified"], item["ETag"].strip('"'))
