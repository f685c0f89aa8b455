"""The local cloud's HTTP: connections that stay, and bodies of every kind on them."""

from __future__ import annotations

import http.client
import os
import urllib.request
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.local.support import Aws


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = f"http-{uuid.uuid4()}"
    aws.s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def connection(aws: Aws) -> Iterator[http.client.HTTPConnection]:
    """One connection. It never connects a second time by itself."""
    opened = http.client.HTTPConnection(urlsplit(aws.cloud.endpoint).netloc, timeout=20)
    opened.connect()
    opened.auto_open = 0
    yield opened
    opened.close()


def signed(aws: Aws, operation: str, bucket: str, key: str) -> str:
    """Path and query of a request that anybody may make."""
    url = urlsplit(aws.s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key}))
    return f"{url.path}?{url.query}"


def test_one_connection_serves_one_request_after_the_other(
    aws: Aws, bucket: str, connection: http.client.HTTPConnection
) -> None:
    content = os.urandom(3_000_000)
    for method, operation, body, expected in (
        ("PUT", "put_object", content, b""),
        ("GET", "get_object", None, content),
        ("HEAD", "head_object", None, b""),
        ("GET", "get_object", None, content),
        ("DELETE", "delete_object", None, b""),
        ("PUT", "put_object", b"", b""),
        ("GET", "get_object", None, b""),
    ):
        connection.request(method, signed(aws, operation, bucket, "key"), body)
        response = connection.getresponse()
        assert (response.status in (200, 204), response.read()) == (True, expected), method
        if method == "HEAD":
            assert response.headers["Content-Length"] == str(len(content))


def test_a_body_in_pieces_of_unknown_length(
    aws: Aws, bucket: str, connection: http.client.HTTPConnection
) -> None:
    pieces = [b"one", b"two" * 100_000, b"three"]
    connection.request("PUT", signed(aws, "put_object", bucket, "key"), iter(pieces), encode_chunked=True)
    assert connection.getresponse().read() == b""
    assert aws.s3.get_object(Bucket=bucket, Key="key")["Body"].read() == b"".join(pieces)


def test_a_body_that_nobody_reads_does_not_become_the_next_request(
    aws: Aws, connection: http.client.HTTPConnection
) -> None:
    for _ in range(2):
        connection.request("PUT", "/no-such-bucket-here/key?x=1", b"GET / HTTP/1.1\r\n\r\n")
        response = connection.getresponse()
        response.read()
        assert response.status >= 400


def test_a_client_that_waits_to_be_told_to_go_on(
    aws: Aws, bucket: str, connection: http.client.HTTPConnection
) -> None:
    connection.putrequest("PUT", signed(aws, "put_object", bucket, "key"))
    connection.putheader("Content-Length", "4")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100")
    connection.send(b"body")
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 200")  # and is told so once
    assert aws.s3.get_object(Bucket=bucket, Key="key")["Body"].read() == b"body"


def test_metadata_keeps_its_names(aws: Aws, bucket: str) -> None:
    metadata = {"with_underscore": "1", "with-hyphen": "2"}
    aws.s3.put_object(Bucket=bucket, Key="key", Metadata=metadata)
    assert aws.s3.head_object(Bucket=bucket, Key="key")["Metadata"] == metadata


@pytest.mark.parametrize("size", [1000, 20_000_000])
@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=100-299", slice(100, 300)),
        ("bytes=990-", slice(990, None)),
        ("bytes=-10", slice(-10, None)),
        ("bytes=5-100000000", slice(5, None)),
    ],
)
def test_a_part_of_an_object(aws: Aws, bucket: str, size: int, wanted: str, part: slice) -> None:
    """moto keeps the larger one in a file."""
    content = os.urandom(size)
    aws.s3.put_object(Bucket=bucket, Key="key", Body=content)
    answer = aws.s3.get_object(Bucket=bucket, Key="key", Range=wanted)
    begin, end, _ = part.indices(size)
    assert (answer["ContentRange"], answer["ContentLength"]) == (
        f"bytes {begin}-{end - 1}/{size}",
        end - begin,
    )
    assert answer["Body"].read() == content[part]


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "bytes=a-b"])
def test_all_of_an_object_where_s3_gives_no_part(aws: Aws, bucket: str, wanted: str) -> None:
    aws.s3.put_object(Bucket=bucket, Key="key", Body=b"0123456789")
    answer = aws.s3.get_object(Bucket=bucket, Key="key", Range=wanted)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["Body"].read() == b"0123456789"


def test_a_part_behind_the_end(aws: Aws, bucket: str) -> None:
    aws.s3.put_object(Bucket=bucket, Key="key", Body=b"0123456789")
    with pytest.raises(ClientError, match="InvalidRange"):
        aws.s3.get_object(Bucket=bucket, Key="key", Range="bytes=10-")


@pytest.mark.parametrize("key", ["line\nend", "/first", "a//b", "last/", "%2F", "a b+c", "\u00e9\u0301?"])
def test_keys_of_every_kind(aws: Aws, bucket: str, key: str) -> None:
    aws.s3.put_object(Bucket=bucket, Key=key, Body=b"content")
    assert aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"content"
    assert [item["Key"] for item in aws.s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    aws.s3.delete_object(Bucket=bucket, Key=key)
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=bucket)


def test_what_is_not_there(aws: Aws, bucket: str) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        aws.s3.get_object(Bucket=bucket, Key="key")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        aws.s3.list_objects_v2(Bucket=f"{bucket}-2")
    assert bucket in [found["Name"] for found in aws.s3.list_buckets()["Buckets"]]


def test_what_is_deleted_is_let_go(aws: Aws, bucket: str) -> None:
    """moto's dashboard lists all that moto holds on to for its sake."""
    aws.s3.put_object(Bucket=bucket, Key="a key that is gone", Body=b"")
    aws.s3.delete_object(Bucket=bucket, Key="a key that is gone")
    with urllib.request.urlopen(f"{aws.cloud.endpoint}/moto-api/data.json") as answer:
        dashboard = answer.read()
    assert b"FakeKey" in dashboard
    assert b"a key that is gone" not in dashboard
