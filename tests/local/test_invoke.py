"""Synchronous calls: what a caller sees when all goes well, and what Lambda refuses."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from scar.local.memory import descendants
from tests.local.support import Aws, alive, eventually, package

ECHO = """
    def handle(event, context):
        return {"event": event, "id": context.aws_request_id}
"""
PID = """
    import os

    def handle(event, context):
        return os.getpid(), os.environ["AWS_LAMBDA_LOG_STREAM_NAME"], os.environ.get("COLOUR")
"""


def test_the_handler_gets_the_event_and_its_answer_comes_back(aws: Aws) -> None:
    event = {"text": 'back\\slash "quote" \t €', "list": [1, 2.5, None, True]}
    answer = aws.function(ECHO).call(event)
    assert answer.payload["event"] == event
    assert (answer.status, answer.error) == (200, "")
    assert answer.headers["x-amz-executed-version"] == "$LATEST"


def test_caller_function_and_log_know_the_call_by_one_request_id(aws: Aws) -> None:
    function = aws.function(ECHO)
    answer = function.call()
    assert answer.payload["id"] == answer.request_id
    assert function.logged("START") == [f"START RequestId: {answer.request_id} Version: $LATEST\n"]


def test_no_payload_is_an_empty_object(aws: Aws) -> None:
    answer = aws.functions.invoke(FunctionName=aws.function(ECHO).name)
    assert b'"event": {}' in answer["Payload"].read()


def test_the_context_counts_down_to_the_time_out(aws: Aws) -> None:
    function = aws.function(
        """
        def handle(event, context):
            remaining = context.get_remaining_time_in_millis()
            return remaining, context.memory_limit_in_mb, context.invoked_function_arn
        """,
        Timeout=7,
        MemorySize=256,
    )
    remaining, memory, arn = function.call().payload
    assert 0 < remaining <= 7000
    assert (memory, arn) == ("256", function.arn)


def test_a_second_call_is_served_warm(aws: Aws) -> None:
    function = aws.function(PID)
    assert function.call().payload == function.call().payload


def test_an_update_of_the_configuration_starts_new_environments(aws: Aws) -> None:
    function = aws.function(PID)
    _, stream, colour = function.call().payload
    aws.functions.update_function_configuration(
        FunctionName=function.name, Environment={"Variables": {"COLOUR": "green"}}
    )
    _, new_stream, new_colour = function.call().payload
    assert (colour, new_colour) == (None, "green")
    assert new_stream != stream


def test_an_update_of_the_storage_changes_the_size_of_tmp(aws: Aws) -> None:
    function = aws.function(
        """
        import os

        def handle(event, context):
            space = os.statvfs("/tmp")
            return space.f_blocks * space.f_frsize
        """
    )
    before = function.call().payload
    aws.functions.update_function_configuration(FunctionName=function.name, EphemeralStorage={"Size": 1024})
    assert aws.functions.get_function_configuration(FunctionName=function.name)["EphemeralStorage"] == {
        "Size": 1024
    }
    if aws.cloud.sandbox == "bubblewrap":
        assert (before, function.call().payload) == (512 << 20, 1024 << 20)


def test_an_update_of_the_code_starts_new_environments(aws: Aws) -> None:
    function = aws.function(ECHO)
    function.call()
    aws.functions.update_function_code(
        FunctionName=function.name, ZipFile=package("def handle(event, context): return 'new code'")
    )
    assert function.call().payload == "new code"


def test_deleting_a_function_ends_its_processes(aws: Aws) -> None:
    before = set(descendants(aws.cloud.pid))
    function = aws.function(ECHO)
    function.call()
    started = set(descendants(aws.cloud.pid)) - before
    assert started
    aws.functions.delete_function(FunctionName=function.name)
    eventually(lambda: not any(map(alive, started)))


def test_what_the_handler_raises_is_reported(aws: Aws) -> None:
    function = aws.function(
        """
        def handle(event, context):
            raise LookupError("no such thing")
        """
    )
    answer = function.call()
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "LookupError"
    assert answer.payload["errorMessage"] == "no such thing"
    assert answer.payload["requestId"] == answer.request_id


def test_a_dry_run_runs_nothing(aws: Aws) -> None:
    function = aws.function(ECHO)
    assert function.call(InvocationType="DryRun").status == 204
    assert function.log() == []


@pytest.mark.parametrize(
    ("kind", "limit"), [("RequestResponse", 6 * 1024 * 1024), ("Event", 1024 * 1024)], ids=["sync", "async"]
)
def test_a_payload_may_be_as_long_as_the_limit_and_no_longer(aws: Aws, kind: str, limit: int) -> None:
    function = aws.function("def handle(event, context): return len(event)")
    answer = function.call("x" * (limit - 2), InvocationType=kind)
    assert answer.payload in (limit - 2, None)
    with pytest.raises(ClientError) as refused:
        function.call("x" * (limit - 1), InvocationType=kind)
    assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_response_over_six_megabytes_is_an_error_of_the_function(aws: Aws) -> None:
    function = aws.function("def handle(event, context): return 'x' * event")
    assert len(function.call(5_900_000).payload) == 5_900_000
    answer = function.call(6_291_556)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_payload_that_is_no_json_is_refused(aws: Aws) -> None:
    function = aws.function(ECHO)
    with pytest.raises(ClientError) as refused:
        aws.functions.invoke(FunctionName=function.name, Payload=b"{")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_a_function_that_does_not_exist_is_not_found(aws: Aws) -> None:
    with pytest.raises(ClientError) as refused:
        aws.functions.invoke(FunctionName="nobody")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_broken_package_is_refused(aws: Aws) -> None:
    function = aws.function(ECHO)
    aws.functions.update_function_code(FunctionName=function.name, ZipFile=b"no zip archive")
    with pytest.raises(ClientError) as refused:
        function.call()
    assert refused.value.response["Error"]["Code"] == "InvalidZipFileException"


def test_another_language_is_refused(aws: Aws) -> None:
    function = aws.function(ECHO, Runtime="nodejs22.x")
    with pytest.raises(ClientError) as refused:
        function.call()
    assert refused.value.response["Error"]["Code"] == "InvalidRuntimeException"
