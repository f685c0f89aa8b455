"""Functions that end otherwise than by an answer, and what the next call of their environment finds."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.local.support import Aws, eventually

SLOW = """
    import os, subprocess, time

    def handle(event, context):
        if event == "look":
            running = [open(f"/proc/{p}/cmdline").read() for p in os.listdir("/proc") if p.isdigit()]
            return os.path.exists("/tmp/kept"), running, os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        open("/tmp/kept", "w").close()
        print("waiting", os.environ["AWS_LAMBDA_LOG_STREAM_NAME"])
        subprocess.run(["sh", "-c", "sleep 1000 &"], start_new_session=True)
        subprocess.Popen(["sleep", "1000"])
        time.sleep(60)
"""


def test_a_time_out_is_reported_as_lambda_reports_it(aws: Aws) -> None:
    function = aws.function(SLOW, Timeout=1)
    answer = function.call()
    sentence = "Task timed out after 1.00 seconds"
    assert answer.error == "Unhandled"
    assert answer.payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {answer.request_id} Error: {sentence}",
    }
    line = rf"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {answer.request_id} {sentence}$"
    assert re.search(line, answer.log_tail, re.MULTILINE)
    assert "Status: timeout" in function.logged("REPORT")[0]


def test_after_a_time_out_processes_are_gone_and_tmp_is_kept(aws: Aws) -> None:
    function = aws.function(SLOW, Timeout=1)
    function.call()
    kept, running, stream = function.call("look").payload
    assert kept
    assert function.logged("waiting") == [f"waiting {stream}\n"]
    assert not any("sleep" in command for command in running)


def test_a_crash_is_reported_and_tmp_is_kept(aws: Aws) -> None:
    function = aws.function(
        """
        import os

        def handle(event, context):
            if event == "look":
                return os.path.exists("/tmp/kept")
            open("/tmp/kept", "w").close()
            os._exit(event)
        """
    )
    answer = function.call(7)
    assert answer.error == "Unhandled"
    sentence = f"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 7"
    assert answer.payload == {"errorType": "Runtime.ExitError", "errorMessage": sentence}
    assert f"{sentence}\nRuntime.ExitError\n" in answer.log_tail
    assert "Status: error\tError Type: Runtime.ExitError" in answer.log_tail
    assert function.call("look").payload is True


def test_an_exit_without_an_error_is_an_error_too(aws: Aws) -> None:
    answer = aws.function("import os\ndef handle(event, context): os._exit(0)").call()
    assert answer.payload["errorMessage"].endswith("Runtime exited without providing a reason")


def test_a_module_that_cannot_be_imported_is_an_init_error(aws: Aws) -> None:
    function = aws.function("import no_such_module\ndef handle(event, context): pass")
    answer = function.call()
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'no_such_module'" in answer.payload["errorMessage"]
    assert re.search(
        r"^INIT_REPORT Init Duration: .* ms\tPhase: init\tStatus: error", answer.log_tail, re.MULTILINE
    )


def test_a_process_that_ends_while_it_is_loaded_is_an_init_error(aws: Aws) -> None:
    answer = aws.function("import os; os._exit(3)").call()
    assert answer.payload["errorType"] == "Runtime.ExitError"
    assert answer.payload["errorMessage"].endswith("exit status 3")


def test_more_memory_than_the_function_has_is_a_kill(aws: Aws) -> None:
    function = aws.function(
        """
        import time

        def handle(event, context):
            taken = bytearray(event * 1024 * 1024)
            time.sleep(0.3)
            return len(taken)
        """,
        MemorySize=192,
    )
    assert function.call(100).payload == 100 * 1024 * 1024
    used = re.search(r"Max Memory Used: (\d+) MB", function.logged("REPORT")[0])
    assert used
    assert 100 < int(used[1]) < 192
    answer = function.call(400)
    assert answer.payload["errorType"] == "Runtime.ExitError"
    assert answer.payload["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert "Max Memory Used: 192 MB" in answer.log_tail


def test_memory_of_child_processes_counts(aws: Aws) -> None:
    function = aws.function(
        """
        import subprocess, sys

        def handle(event, context):
            code = "import time; taken = bytearray(300 << 20); time.sleep(20)"
            subprocess.run([sys.executable, "-c", code])
        """
    )
    assert function.call().payload["errorMessage"].endswith("signal: killed")


def test_calls_beyond_the_bound_are_throttled(aws: Aws) -> None:
    function = aws.function(
        """
        import time

        def handle(event, context):
            print("running")
            time.sleep(event)
        """
    )
    for _ in range(3):
        function.send(2)
    eventually(lambda: len(function.logged("running")) == 3)
    with pytest.raises(aws.functions.exceptions.TooManyRequestsException) as refused:
        function.call(0)
    response: Any = refused.value.response
    assert response["Reason"] == "ConcurrentInvocationLimitExceeded"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    eventually(lambda: len(function.logged("REPORT")) == 3)
    assert function.call(0).error == ""
