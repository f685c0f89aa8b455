"""What is in CloudWatch Logs, and when."""

from __future__ import annotations

import re

from scar.local.log_stream import LineSplitter
from tests.local.support import Aws, eventually


def test_the_platforms_lines_are_those_of_lambda(aws: Aws) -> None:
    function = aws.function("def handle(event, context): print('hello')", MemorySize=256)
    first, second = function.call(), function.call()
    figures = (
        r"\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB\t"
    )
    expected = "".join(
        rf"START RequestId: {call.request_id} Version: \$LATEST\n"
        r"hello\n"
        rf"END RequestId: {call.request_id}\n"
        rf"REPORT RequestId: {call.request_id}{figures}{init}\n"
        for call, init in ((first, r"Init Duration: \d+\.\d\d ms\t"), (second, ""))
    )
    assert re.fullmatch(expected, "".join(function.log()))
    assert "".join(function.log()).endswith(second.log_tail)


def test_an_environment_has_one_stream_named_as_lambda_names_it(aws: Aws) -> None:
    function = aws.function(
        "import os\ndef handle(event, context): return os.environ['AWS_LAMBDA_LOG_STREAM_NAME']"
    )
    name = function.call().payload
    assert function.call().payload == name
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", name)
    streams = aws.logs.describe_log_streams(logGroupName=function.group)["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == [name]


def test_a_log_group_that_exists_is_kept_and_one_that_was_deleted_is_made_again(aws: Aws) -> None:
    function = aws.function("def handle(event, context): print('hello')")
    aws.logs.create_log_group(logGroupName=function.group)
    aws.logs.put_retention_policy(logGroupName=function.group, retentionInDays=30)
    function.call()
    (group,) = aws.logs.describe_log_groups(logGroupNamePrefix=function.group)["logGroups"]
    assert group["retentionInDays"] == 30
    aws.logs.delete_log_group(logGroupName=function.group)
    function.call()
    assert function.logged("hello") == ["hello\n"]


def test_output_is_in_the_log_while_the_function_runs(aws: Aws) -> None:
    function = aws.function(
        """
        import os, time

        def handle(event, context):
            os.system("echo from a child")
            time.sleep(1.5)
        """
    )
    function.send(None)
    eventually(lambda: function.logged("from a child"))
    assert function.logged("END") == []
    eventually(lambda: function.logged("END"))


def test_bytes_that_are_no_text_and_a_last_line_without_an_end_are_logged(aws: Aws) -> None:
    function = aws.function(
        r"""
        import os

        def handle(event, context):
            os.write(1, b"caf\xc3\xa9 \xff\nprogress\r50%\nunfinished")
        """
    )
    function.call()
    assert function.log()[1:4] == ["café \ufffd\n", "progress\r50%\n", "unfinished"]


def test_an_error_with_its_traceback_is_one_event_of_many_lines(aws: Aws) -> None:
    function = aws.function("def handle(event, context): raise ValueError('wrong')")
    answer = function.call()
    (message,) = function.logged("[ERROR]")
    lines = message.splitlines()
    assert lines[:2] == ["[ERROR] ValueError: wrong", "Traceback (most recent call last):"]
    assert "\r" not in answer.log_tail


def test_the_tail_of_the_log_is_its_last_four_kilobytes(aws: Aws) -> None:
    answer = aws.function("def handle(event, context): print('x' * 10_000)").call()
    assert len(answer.log_tail) == 4096
    assert answer.log_tail.startswith("x")
    assert answer.log_tail.splitlines()[-1].startswith("REPORT")


def test_a_line_longer_than_an_event_is_cut(aws: Aws) -> None:
    function = aws.function("def handle(event, context): print('y' * 600_000)")
    function.call()
    assert [len(message) for message in function.logged("y")] == [262_118, 262_118, 75_765]


def test_a_cut_is_never_inside_a_character() -> None:
    splitter = LineSplitter(longest=5)
    lines = [*splitter.feed("€€€€".encode()), *splitter.feed(b"\nab\nc"), *splitter.rest()]
    assert [line.decode() for line in lines] == ["€", "€", "€", "€\n", "ab\n", "c"]
