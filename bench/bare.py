"""The work of `files` without SCAR: xargs, and the bare F1 command for each file.

Runs inside (see `inside`) with a folder of files as its argument. For each line on its standard input, the
number of processes at once, it does the work once, checks it, and prints a line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bench import work
from bench.command import launched
from scar_supervisor.contract import Call
from scar_supervisor.process import Launch


def main() -> None:
    """Serve until the input ends."""
    source = Path(sys.argv[1])
    stdout = os.dup(1)
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    any_file = ((b"SCAR_INPUT_FILE", b"/etc/passwd"),)
    launch = launched(Call(args=(b"/bin/sh", b"-c", work.SCRIPT), env=any_file))
    for line in sys.stdin:
        os.write(stdout, json.dumps(measured(launch, source, int(line))).encode() + b"\n")


def measured(launch: Launch, source: Path, parallel: int) -> dict[str, float]:
    """Wall time and CPU time in seconds; what runs has the folders that the command names."""
    inputs, outputs = (
        Path(os.fsdecode(launch.env[name])) for name in (b"SCAR_INPUT_DIR", b"SCAR_OUTPUT_DIR")
    )
    outputs.mkdir(parents=True)
    cpu, started = used(), time.monotonic()
    shutil.copytree(source, inputs)
    run(launch, sorted(inputs.iterdir()), parallel)
    seconds, cpu = time.monotonic() - started, used() - cpu
    work.check(source, {path.name: path.read_bytes() for path in outputs.iterdir()})
    shutil.rmtree(inputs)
    shutil.rmtree(outputs)
    return {"seconds": seconds, "cpu": cpu}


def run(launch: Launch, files: list[Path], parallel: int) -> None:
    """As many of the command at once, and nothing of ours between xargs and them but env(1)."""
    variables = [name + b"=" + value for name, value in launch.env.items()]
    command = [b"env", b"-i", *variables, b"SCAR_INPUT_FILE={}", *launch.argv]
    subprocess.run(
        [b"xargs", b"-P", b"%d" % parallel, b"-I", b"{}", *command],
        input=b"".join(bytes(path) + b"\n" for path in files),
        cwd=launch.cwd,
        check=True,
    )


def used() -> float:
    """Seconds of CPU, of this process and all that it has waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
