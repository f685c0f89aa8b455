"""What a function sees of its environment: Lambda's, not the machine's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from scar.local import bubblewrap
from scar.local.host_files import HostFiles
from scar.local.sandbox import choose
from scar.local.settings import Settings
from tests.local.support import Aws

LAMBDA_VARIABLES = {
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"),
    *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
    *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API"),
    *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    *("_HANDLER", "_X_AMZN_TRACE_ID", "PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LANG", "TZ"),
}
ABSENT = [
    *(
        "tar",
        "gzip",
        "gunzip",
        "xz",
        "zstd",
        "unzip",
        "find",
        "xargs",
        "which",
        "file",
        "ps",
        "mount",
        "hostname",
    ),
    *("openssl", "patchelf", "perl", "git", "ssh", "bwrap", "sudo", "apt"),
]
PRESENT = ["bash", "sh", "cat", "ls", "cp", "curl", "grep", "sed", "awk", "env", "id", "sleep", "sha256sum"]

LOOK = """
    import os

    def handle(event, context):
        return eval(event)
"""


@pytest.fixture(scope="module")
def look(aws: Aws) -> Any:
    """Evaluates an expression inside."""
    if aws.cloud.sandbox != "bubblewrap":
        pytest.skip(f"no bubblewrap here: {aws.cloud.limitations}")
    function = aws.function(
        LOOK, Environment={"Variables": {"MINE": "yes"}}, files={"bin/tool": b"#!/bin/sh\necho ran"}
    )

    def evaluate(expression: str) -> Any:
        answer = function.call(expression)
        assert not answer.error, answer.payload
        return answer.payload

    return evaluate


def test_the_machine_of_these_tests_has_a_sandbox(aws: Aws) -> None:
    """Else most of this file is skipped: CI must not lose that silently."""
    if os.environ.get("CI") or shutil.which("bwrap"):
        assert (aws.cloud.sandbox, aws.cloud.limitations) == ("bubblewrap", ())


def test_variables_are_lambdas_the_functions_and_the_address_of_the_cloud(look: Any, aws: Aws) -> None:
    variables = look("dict(os.environ)")
    locale = {"LC_CTYPE"}  # Python itself adds it where the machine lacks the locale of LANG
    assert set(variables) - locale == LAMBDA_VARIABLES | {"MINE", "AWS_ENDPOINT_URL"}
    assert variables["AWS_ENDPOINT_URL"] == aws.cloud.endpoint
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert (variables["LAMBDA_TASK_ROOT"], variables["_HANDLER"]) == ("/var/task", "main.handle")


def test_the_user_has_a_number_but_no_name_and_no_home(look: Any) -> None:
    assert look("os.getuid(), os.getgid(), os.environ.get('HOME')") == [993, 990, None]
    assert look("[line.split(':')[2] for line in open('/etc/passwd')]") == ["0"]
    assert look("[name for name in os.listdir('/') if name == 'home']") == []


def test_programs_are_those_of_lambda(look: Any) -> None:
    found = look(f"[name for name in {ABSENT + PRESENT} if __import__('shutil').which(name)]")
    assert found == PRESENT
    assert look(f"[name for name in {ABSENT} if os.path.exists('/usr/bin/' + name)]") == []


def test_only_tmp_can_be_written(look: Any) -> None:
    tried = ["/x", "/var/task/x", "/var/runtime/x", "/usr/bin/x", "/etc/x", "/dev/x", "/opt/x", "/tmp/x"]
    writable = "[path for path in {} if os.system('echo x > ' + path + ' 2>/dev/null') == 0]"
    assert look(writable.format(tried)) == ["/tmp/x"]


def test_tmp_has_the_size_of_the_function_and_is_its_own(look: Any, aws: Aws) -> None:
    Path("/tmp/scar-test-of-the-host").touch()
    try:
        assert look("[name for name in os.listdir('/tmp') if 'scar-test' in name]") == []
    finally:
        Path("/tmp/scar-test-of-the-host").unlink()
    assert look("os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize") == 512 * 1024 * 1024
    function = aws.function(
        """
        import errno, os

        def handle(event, context):
            with open("/tmp/large", "wb") as file:
                try:
                    os.posix_fallocate(file.fileno(), 0, event * 1024 * 1024)
                except OSError as error:
                    return errno.errorcode[error.errno]
        """,
        EphemeralStorage={"Size": 600},
    )
    assert function.call(599).payload is None
    assert function.call(601).payload == "ENOSPC"


def test_shared_memory_and_namespaces_are_absent(look: Any) -> None:
    assert look("os.path.exists('/dev/shm')") is False
    assert look("sorted(set(os.listdir('/dev')) - {'fd', 'stdin', 'stdout', 'stderr'})") == sorted(
        ["null", "zero", "full", "random", "urandom"]
    )
    unshare = "__import__('ctypes').CDLL(None).unshare(0x10000000)"
    assert look(unshare) == -1


def test_limits_are_lambdas(look: Any) -> None:
    limits = "__import__('resource').getrlimit(__import__('resource').{})"
    assert look(limits.format("RLIMIT_NOFILE")) == [1024, 1024]
    assert look(limits.format("RLIMIT_NPROC")) == [1024, 1024]


def test_processes_of_the_machine_cannot_be_seen(look: Any) -> None:
    assert look("len([name for name in os.listdir('/proc') if name.isdigit()])") == 2


def test_packages_are_lambdas(look: Any) -> None:
    known = "[name for name in {} if __import__('importlib.util').util.find_spec(name)]"
    lambdas = ["boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil", "six", "awslambdaric"]
    ours = ["click", "rich", "moto", "flask", "requests", "scar", "pytest", "pip", "cryptography"]
    assert look(known.format(lambdas + ours)) == lambdas


def test_programs_in_the_package_can_be_executed(look: Any) -> None:
    assert look("os.popen('/var/task/bin/tool').read()") == "ran\n"


def test_the_sdk_reaches_the_cloud_as_the_functions_role(look: Any) -> None:
    arn = look("__import__('boto3').client('sts').get_caller_identity()['Arn']")
    assert ":assumed-role/scar-local/f-" in arn


def test_secrets_are_not_in_the_list_of_processes(look: Any) -> None:
    secret = look("os.environ['AWS_SECRET_ACCESS_KEY']").encode()
    command_lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert not any(secret in line for line in command_lines)


@pytest.fixture
def files(tmp_path: Path) -> HostFiles:
    """What sandboxes are made of."""
    return HostFiles.prepare(tmp_path / "host")


def test_without_bubblewrap_it_is_said_what_is_missing_and_how_to_install_it(
    files: HostFiles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox = choose(Settings(), files)
    assert sandbox.name == "none"
    assert "apt-get install bubblewrap" in sandbox.limitations[0]
    assert "not enforced" in sandbox.limitations[1]


def test_a_machine_that_refuses_namespaces_is_recognised_by_trying(
    files: HostFiles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    sandbox = choose(Settings(), files)
    assert sandbox.name == "none"
    assert "No permissions to create a new namespace" in sandbox.limitations[0]


def test_nothing_of_the_machine_is_bound_that_is_private(files: HostFiles) -> None:
    command = bubblewrap.Bubblewrap(files, "bwrap", ptrace=False).command(Path("/code"), 512)
    sources = {command[i + 1] for i, word in enumerate(command) if word in ("--ro-bind", "--dev-bind")}
    assert not sources & {"/", "/etc", "/root", "/home", "/run", "/var", "/dev", "/etc/shadow", "/etc/ssl"}
    assert "--bind" not in command


def test_an_interpreter_below_the_machines_tmp_is_not_hidden(files: HostFiles) -> None:
    command = bubblewrap.Bubblewrap(files, "bwrap", ptrace=False).command(Path("/code"), 512)
    assert command.index("/tmp") < command.index("/usr/bin") < command.index("/var/lang")
