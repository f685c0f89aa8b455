"""Objects of a bucket, as scar.aws tells them, against moto."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scar.aws.errors import NotFound
from scar.aws.session import Aws
from tests.cli.support import Account

KEYS = sorted(["input/ü/co\u0301de", "input/a b+c%20d", "input/a//b", "input/../x"])


def test_objects_have_their_exact_keys_and_what_a_list_tells(account: Account) -> None:
    account.s3.create_bucket(Bucket="files")
    for key in ("elsewhere", *KEYS, "output/x"):
        account.s3.put_object(Bucket="files", Key=key, Body=b"abc")
    found = list(Aws("us-east-1").buckets.objects("files", "input/"))
    assert [one.key for one in found] == KEYS
    assert {(one.size, one.etag) for one in found} == {(3, "900150983cd24fb0d6963f7d28e17f72")}
    assert all(abs((datetime.now(UTC) - one.last_modified).total_seconds()) < 600 for one in found)


def test_objects_of_every_page_are_found(account: Account) -> None:
    account.s3.create_bucket(Bucket="files")
    keys = [f"input/{number:04}" for number in range(1001)]
    for key in keys:
        account.s3.put_object(Bucket="files", Key=key)
    assert [one.key for one in Aws("us-east-1").buckets.objects("files", "input/")] == keys


def test_a_bucket_that_is_not_there(account: Account) -> None:
    with pytest.raises(NotFound, match="list input/ in bucket none"):
        list(Aws("us-east-1").buckets.objects("none", "input/"))
