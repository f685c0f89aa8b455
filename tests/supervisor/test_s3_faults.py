"""What S3 refuses, and what passes by itself: both sides of staging."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

import pytest

from tests.supervisor.conftest import Environment, last, left, processed, results, s3_event
from tests.supervisor.faulty_s3 import Door, Refusal, door

LARGE = bytes(range(256)) * 4096 * 17
"""17 MB: it goes in three parts."""

SCRIPT = r"""
cd "$SCAR_OUTPUT_DIR"
case $SCAR_INPUT_FILE in
*/three*) echo 1 > 1; echo 2 > 2; echo 3 > 3;;
*/bytes*) cp "$SCAR_INPUT_FILE" "$(printf 'a\377')";;
*/two-large*) cp "$SCAR_INPUT_FILE" large-1; cp "$SCAR_INPUT_FILE" large-2; echo small > small;;
*) cp "$SCAR_INPUT_FILE" .;;
esac
"""


@pytest.fixture(scope="module")
def entrance(s3_endpoint: str) -> Iterator[Door]:
    with door(s3_endpoint) as made:
        yield made


@pytest.fixture(scope="module")
def function(start: Any, derived: Any, entrance: Door) -> Iterator[Environment]:
    digest = derived("faults", {"Cmd": ["/bin/sh", "-c", SCRIPT]})
    with start(digest, AWS_ENDPOINT_URL=entrance.url) as environment:
        assert environment.call(pull_only=True).exit_code == 0
        yield environment


def body(s3: Any, bucket: str, key: str) -> bytes:
    return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


class Stored(NamedTuple):
    """A file under input/, which the function copies to output/."""

    bucket: str
    key: str
    content: bytes

    def is_copied(self, s3: Any) -> bool:
        return body(s3, self.bucket, self.key.replace("input", "output")) == self.content


@pytest.fixture(params=["small", "large"])
def stored(request: pytest.FixtureRequest, s3: Any, bucket: str) -> Stored:
    file = Stored(bucket, f"input/{request.param}", LARGE if request.param == "large" else b"small")
    s3.put_object(Bucket=bucket, Key=file.key, Body=file.content)
    return file


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (Refusal(403, "AccessDenied", "Access Denied"), "access denied"),
        (
            Refusal(403, "AccessDenied", "User is not authorized to perform: kms:Decrypt on the resource"),
            "the function's role may not use its key (kms:Decrypt)",
        ),
        (Refusal(400, "KMS.DisabledException", "The key is disabled"), "its key cannot be used"),
        (Refusal(403, "InvalidObjectState", "The storage class forbids it"), "it is archived"),
        (Refusal(404, "NoSuchKey", "Gone"), "it is gone: somebody deleted it after the event"),
        (Refusal(404, "NoSuchBucket", "Gone"), "there is no such bucket"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_reason_and_what_helps(
    function: Environment, entrance: Door, bucket: str, refusal: Refusal, reason: str
) -> None:
    with entrance.refusing(lambda method, path: refusal):
        answer = function.answer(s3_event(bucket, "input/x"))
    assert answer["raised"] == "StagingFailed"
    assert f"s3://{bucket}/input/x could not be read: {reason}" in answer["message"]
    assert len(entrance.asked) == 1
    assert (last(function).exit_code, last(function).outputs) == (125, 0)
    assert left(function) == []


@pytest.mark.parametrize("refusal", [Refusal(503, "SlowDown"), Refusal()], ids=["busy", "reset"])
def test_what_passes_by_itself_is_waited_out(
    function: Environment, entrance: Door, s3: Any, stored: Stored, refusal: Refusal
) -> None:
    times = count()
    with entrance.refusing(lambda method, path: refusal if next(times) % 3 == 0 else None):
        assert processed(function.answer(s3_event(stored.bucket, stored.key))) == 1
    assert stored.is_copied(s3)


def test_a_connection_that_breaks_within_the_file_costs_nothing_of_it(
    function: Environment, entrance: Door, s3: Any, stored: Stored
) -> None:
    gets = count()

    def cut(method: str, path: str) -> Refusal | None:
        return Refusal(after=3) if method == "GET" and next(gets) < 2 else None

    with entrance.refusing(cut):
        assert processed(function.answer(s3_event(stored.bucket, stored.key))) == 1
    assert stored.is_copied(s3)


def test_a_small_result_is_written_without_asking_first(
    function: Environment, entrance: Door, s3: Any, stored: Stored
) -> None:
    with entrance.refusing(lambda method, path: None):
        assert processed(function.answer(s3_event(stored.bucket, stored.key))) == 1
    assert stored.is_copied(s3)
    assert (entrance.announced > 0) == (stored.content == LARGE)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_s3_is_not_waited_for_beyond_the_time_of_the_call(
    function: Environment, entrance: Door, s3: Any, bucket: str, method: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/x", Body=b"x")
    with entrance.refusing(lambda asked, path: Refusal(503, "SlowDown") if asked == method else None):
        answer = function.answer(s3_event(bucket, "input/x"), seconds=8)
    assert "before the function's time was used up" in answer["message"]
    assert last(function).exit_code == 125


def test_an_s3_that_says_nothing_is_not_waited_for_either(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/x", Body=b"x")
    over = threading.Event()
    with entrance.refusing(lambda method, path: Refusal(silent_until=over)):
        answer = function.answer(s3_event(bucket, "input/x"), seconds=9)
    over.set()
    assert answer["raised"] == "NoTimeLeft"


def test_one_result_that_cannot_be_written_keeps_no_other_from_it(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/three", Body=b"")

    def deny(method: str, path: str) -> Refusal | None:
        return Refusal(403, "AccessDenied") if method == "PUT" and path.endswith("/2") else None

    with entrance.refusing(deny):
        answer = function.answer(s3_event(bucket, "input/three"))
    assert answer["raised"] == "StagingFailed"
    assert f"s3://{bucket}/output/2 could not be written: access denied" in answer["message"]
    assert "output/1" not in answer["message"]
    assert body(s3, bucket, "output/1") + body(s3, bucket, "output/3") == b"1\n3\n"
    assert last(function).outputs == 2


def test_the_name_of_a_large_result_that_is_denied_may_be_no_text(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/bytes", Body=LARGE)
    with entrance.refusing(lambda method, path: Refusal(403, "AccessDenied") if method == "POST" else None):
        answer = function.answer(s3_event(bucket, "input/bytes"))
    assert answer["raised"] == "StagingFailed"
    assert f"s3://{bucket}/output/a\\xff could not be written: access denied" in answer["message"]


def test_what_nobody_foresaw_of_one_result_keeps_no_other_from_being_written(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/three", Body=b"")
    nonsense = Refusal(202, headers=(("x-amz-object-size", "many"),))
    before = len(function.log())
    with entrance.refusing(lambda method, path: nonsense if path.endswith("/output/1") else None):
        answer = function.answer(s3_event(bucket, "input/three"))
    assert answer["raised"] == "StagingFailed"
    assert f"s3://{bucket}/output/1 could not be written: ValueError: " in answer["message"]
    assert results(s3, bucket) == {"2": b"2\n", "3": b"3\n"}
    assert function.log()[before:].count(", in _put") == 1


def test_a_part_of_a_large_result_that_is_denied_is_told_and_takes_no_room(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/large", Body=LARGE)
    with entrance.refusing(
        lambda method, path: Refusal(403, "AccessDenied") if "partNumber=2" in path else None
    ):
        answer = function.answer(s3_event(bucket, "input/large"))
    assert f"s3://{bucket}/output/large could not be written: access denied" in answer["message"]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_large_file_that_is_replaced_while_it_is_read_is_told(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/large", Body=LARGE)
    s3.put_object(Bucket=bucket, Key="input/good", Body=b"x")
    gets = count()

    def replace(method: str, path: str) -> None:
        if path.endswith("/large") and method == "GET" and next(gets) == 2:  # of the second part
            s3.put_object(Bucket=bucket, Key="input/large", Body=LARGE[::-1])

    with entrance.refusing(replace):
        answer = function.answer(s3_event(bucket, "input/large", "input/good"))
    assert answer["raised"] == "StagingFailed"
    assert f"s3://{bucket}/input/large could not be read: it was replaced meanwhile" in answer["message"]
    assert results(s3, bucket) == {"good": b"x"}


def test_an_answer_that_is_not_s3_s_is_told_and_loses_no_other_result(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/two-large", Body=LARGE)
    page = Refusal(202, message="<html>")
    with entrance.refusing(
        lambda method, path: page if method == "POST" and "/output/large-1" in path else None
    ):
        answer = function.answer(s3_event(bucket, "input/two-large"))
    assert answer["raised"] == "StagingFailed"
    assert f"s3://{bucket}/output/large-1 could not be written: Unable to parse response" in answer["message"]
    assert results(s3, bucket) == {"large-2": LARGE, "small": b"small\n"}


def test_what_nobody_foresaw_of_one_file_keeps_no_other_from_being_processed(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    for name in ("odd", "good"):
        s3.put_object(Bucket=bucket, Key=f"input/{name}", Body=b"x")
    nonsense = Refusal(200, headers=(("Last-Modified", "yesterday"),))
    before = len(function.log())
    with entrance.refusing(lambda method, path: nonsense if path.endswith("/odd") else None):
        answer = function.answer(s3_event(bucket, "input/odd", "input/gone", "input/good"))
    assert (answer["raised"], "yesterday" in answer["message"]) == ("ValueError", True)
    assert body(s3, bucket, "output/good") == b"x"
    assert function.log()[before:].count(", in _run_object") == 1


def test_a_key_may_have_line_ends(
    function: Environment, entrance: Door, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "respelt", ("%0A", "%E2%90%8A"))  # moto finds no such key
    s3.put_object(Bucket=bucket, Key="input/a␊b", Body=b"x")
    assert processed(function.answer(s3_event(bucket, "input/a%0Ab"))) == 1
    assert body(s3, bucket, "output/a␊b") == b"x"
    assert last(function).key == "input/a\nb"


def test_a_small_file_is_one_request_each_way(
    function: Environment, entrance: Door, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/x", Body=b"x")
    with entrance.refusing(lambda method, path: None):
        function.answer(s3_event(bucket, "input/x"))
    assert [method for method, _ in entrance.asked] == ["GET", "PUT"]
