"""Events of S3: objects staged in, results staged out, and what goes wrong with either."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from scar_supervisor.contract import Call, Processed, Result
from tests.supervisor.conftest import Environment, left, processed, s3_event


@pytest.fixture(scope="module")
def function(start: Any, derived: Any) -> Iterator[Environment]:
    script = """
        case $(cat "$SCAR_INPUT_FILE") in
        copy) cp "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR/$(basename "$SCAR_INPUT_FILE").copy";;
        closed) cd "$SCAR_OUTPUT_DIR"; mkdir a; echo x > a/b; chmod 0 a/b a .;;
        odd) cd "$SCAR_OUTPUT_DIR"; mkdir a; echo x > a/b; ln -s a/b file
            mkfifo pipe; ln -s nowhere dead; ln -s /etc/passwd outside; ln -s a folder; ln -s / root;;
        gone) rm -r "$SCAR_OUTPUT_DIR";;
        link) rmdir "$SCAR_OUTPUT_DIR"; ln -s /etc/alternatives "$SCAR_OUTPUT_DIR";;
        slow) echo x > "$SCAR_OUTPUT_DIR/partial"; sleep 1000;;
        fail) echo x > "$SCAR_OUTPUT_DIR/partial"; exit 9;;
        esac
    """
    with start(derived("files", {"Cmd": ["/bin/sh", "-c", script]})) as environment:
        assert environment.call(pull_only=True).exit_code == 0
        yield environment


def put(s3: Any, bucket: str, **objects: str) -> None:
    for name, content in objects.items():
        s3.put_object(Bucket=bucket, Key=f"input/{name}", Body=content.encode())


def results(s3: Any, bucket: str) -> list[str]:
    listing = s3.list_objects_v2(Bucket=bucket, Prefix="output/")
    return [item["Key"] for item in listing.get("Contents", ())]


def lines(log: str) -> list[Processed]:
    return [line for line in map(Processed.parse, log.splitlines()) if line]


def test_two_records_of_one_name_are_two_runs(function: Environment, s3: Any, bucket: str) -> None:
    other = f"other-{uuid.uuid4()}"
    s3.create_bucket(Bucket=other)
    for name in (bucket, other):
        put(s3, name, x="copy")
    event = s3_event(bucket, "input/x", "input/x")
    event["Records"] += s3_event(other, "input/x")["Records"]
    assert processed(function.answer(event)) == 3
    assert results(s3, bucket) == results(s3, other) == ["output/x.copy"]
    assert left(function) == []


@pytest.mark.parametrize(
    ("event", "skipped"),
    [
        (
            {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"},
            [("", "S3 tests the notification")],
        ),
        (
            s3_event("b", "input/", "input/folder/"),
            [("input/", "it stands for a folder"), ("input/folder/", "it stands for a folder")],
        ),
    ],
)
def test_what_names_no_file_runs_nothing(function: Environment, event: Any, skipped: Any) -> None:
    before = len(function.log())
    assert processed(function.answer(event)) == 0
    log = function.log()[before:]
    assert [(line.key, line.skipped) for line in lines(log)] == skipped
    assert len(log.splitlines()) == len(skipped)


def test_a_missing_object_is_told_and_the_others_are_processed(
    function: Environment, s3: Any, bucket: str
) -> None:
    put(s3, bucket, there="copy")
    answer = function.answer(s3_event(bucket, "input/gone", "input/there"))
    assert answer["raised"] == "StagingFailed"
    assert f"s3://{bucket}/input/gone could not be read" in answer["message"]
    assert results(s3, bucket) == ["output/there.copy"]


def test_a_missing_bucket_is_told(function: Environment) -> None:
    answer = function.answer(s3_event("no-such-bucket", "input/x"))
    assert (answer["raised"], "could not be read" in answer["message"]) == ("StagingFailed", True)


def test_what_a_container_closed_is_opened(function: Environment, s3: Any, bucket: str) -> None:
    put(s3, bucket, x="closed")
    assert processed(function.answer(s3_event(bucket, "input/x"))) == 1
    assert results(s3, bucket) == ["output/a/b"]
    assert left(function) == []


@pytest.mark.parametrize("what", ["gone", "link"])
def test_without_its_folder_there_are_no_results(
    function: Environment, s3: Any, bucket: str, what: str
) -> None:
    put(s3, bucket, x=what)
    before = len(function.log())
    assert processed(function.answer(s3_event(bucket, "input/x"))) == 1
    assert results(s3, bucket) == []
    assert function.log()[before:].startswith("scar: no results: the container removed output/")
    assert left(function) == []


def test_what_is_no_file_is_left_out_and_told(function: Environment, s3: Any, bucket: str) -> None:
    put(s3, bucket, x="odd")
    assert processed(function.answer(s3_event(bucket, "input/x"))) == 1
    assert results(s3, bucket) == ["output/a/b", "output/file"]
    for name in ("pipe", "dead", "outside", "folder", "root"):
        assert f"output/{name}: neither a file nor a link to one in output/" in function.log()


@pytest.mark.parametrize(("what", "error"), [("slow", "ContainerTimedOut"), ("fail", "ContainerFailed")])
def test_a_failure_is_raised_after_the_upload(
    function: Environment, s3: Any, bucket: str, what: str, error: str
) -> None:
    put(s3, bucket, x=what)
    assert function.answer(s3_event(bucket, "input/x"), seconds=7)["raised"] == error
    assert results(s3, bucket) == ["output/partial"]
    assert left(function) == []


def test_a_call_of_an_object_runs_its_own_command_on_it(function: Environment, s3: Any, bucket: str) -> None:
    put(s3, bucket, **{"a b/é": "content"})
    call = Call(
        script=b'cat "$SCAR_INPUT_FILE"; echo; echo $WHAT; echo x > "$SCAR_OUTPUT_DIR/x"; exit $STATUS',
        env=((b"WHAT", b"this"), (b"STATUS", b"3")),
        object=(bucket, "input/a b/é"),
    )
    result = Result.from_document(function.answer(call.to_payload(), request_id="r")["result"])
    assert (result.exit_code, result.output, result.error) == (3, b"content\nthis\n", None)
    assert results(s3, bucket) == ["output/x"]
    found = lines(function.log())[-1]
    error = f"ContainerFailed: s3://{bucket}/input/a b/é: the container ended with exit status 3"
    assert found == Processed("r", bucket, "input/a b/é", 3, seconds=found.seconds, outputs=1, error=error)
    raising = function.answer(call._replace(raise_on_failure=True).to_payload())
    assert raising["raised"] == "ContainerFailed"
    fine = call._replace(raise_on_failure=True, env=((b"STATUS", b"0"),))
    assert "result" in function.answer(fine.to_payload())


def test_a_call_of_an_object_that_is_gone_is_told(function: Environment, bucket: str) -> None:
    call = Call(script=b"echo never", object=(bucket, "input/gone"))
    result = Result.from_document(function.answer(call.to_payload())["result"])
    assert result.error
    assert (result.exit_code, result.error.type, result.output) == (125, "StagingFailed", b"")
    assert lines(function.log())[-1].error.startswith("StagingFailed: s3://")
    assert function.answer(call._replace(raise_on_failure=True).to_payload())["raised"] == "StagingFailed"


def test_each_object_of_an_event_has_its_line(function: Environment, s3: Any, bucket: str) -> None:
    put(s3, bucket, x="copy", y="fail")
    before = len(function.log())
    function.answer(s3_event(bucket, "input/y", "input/gone", "input/x"), request_id="r")
    found = lines(function.log()[before:])
    assert [(line.request_id, line.bucket, line.key) for line in found] == [
        ("r", bucket, f"input/{name}") for name in ("y", "gone", "x")
    ]
    assert [(line.exit_code, line.outputs, line.error.partition(":")[0]) for line in found] == [
        (9, 1, "ContainerFailed"),
        (125, 0, "StagingFailed"),
        (0, 1, ""),
    ]
