"""MiniStack leaves the processes of its functions behind when it ends: `tools.ministack` does not."""

from __future__ import annotations

import time
from pathlib import Path

from scar.deploy import package
from tests.aws import emulators

HANDLER = b"import os\ndef handler(event, context): return os.getpid()\n"


def test_functions_end_with_it(tmp_path: Path) -> None:
    with emulators.mini(tmp_path) as account:
        functions = account.client("lambda")
        functions.create_function(
            FunctionName="waits",
            Role=account.make_role("any"),
            Runtime="python3.13",
            Handler="own.handler",
            Code={"ZipFile": package.archive({"own.py": HANDLER})},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="waits")
        pid = int(functions.invoke(FunctionName="waits")["Payload"].read())
        assert runs(pid)
    deadline = time.monotonic() + 10
    while runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Of a process that has ended there may be an entry, without a command line."""
    try:
        return b"awslambdaric" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
