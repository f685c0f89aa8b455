"""CPU of a warm call through the handler, against a bare spawn of the very same command.

Runs inside (see `inside`) and prints one line of JSON. CPU is that of this process and all its
children, user and system.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
from collections.abc import Callable

from bench.command import call, launched
from scar_supervisor import process
from scar_supervisor.contract import Call

ROUNDS = 9
CALLS = 50

TRUE = Call(args=(b"/bin/true",))
COWSAY = Call(script=b"/usr/games/fortune | /usr/games/cowsay\n")
FILE = Call(script=b'/bin/cp "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR"', object=("bench", "input/file.txt"))
"""One of 10 KB, which the bench has put there."""
NO_FILE = Call(script=b"/bin/cp /etc/passwd $SCAR_OUTPUT_DIR")


def spawn(launch: process.Launch) -> None:
    """Start the command and wait for it, and nothing else."""
    null = (
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", 1, 0),
    )
    os.waitpid(os.posix_spawn(launch.path, launch.argv, launch.env, file_actions=null), 0)


def cpu() -> float:
    """Seconds of CPU used so far."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def cost(action: Callable[[], object], times: int) -> float:
    """Milliseconds of CPU that an action takes, on average."""
    started = cpu()
    for _ in range(times):
        action()
    return (cpu() - started) / times * 1000


def compare(what: Call, bare: Callable[[], object]) -> list[float]:
    """Medians: bare, through the handler, and their ratio round by round."""
    pairs = [(cost(bare, CALLS), cost(lambda: call(what), CALLS)) for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*((a, b, b / a) for a, b in pairs), strict=True)]


def main() -> None:
    """Measure, with the function's log thrown away."""
    stdout = os.dup(1)
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    true = launched(TRUE)
    bare, warm, ratio = compare(TRUE, lambda: spawn(true))
    script = launched(Call(args=(b"/bin/sh", b"-c", COWSAY.script or b"")))
    bare_cow, warm_cow, ratio_cow = compare(COWSAY, lambda: spawn(script))
    no_file, file, _ = compare(FILE, lambda: call(NO_FILE))
    figures = {
        "/bin/true, bare spawn (CPU ms)": f"{bare:.2f}",
        "/bin/true, warm call (CPU ms)": f"{warm:.2f}",
        "/bin/true, warm call / bare spawn (target: at most 1.5)": f"{ratio:.2f}",
        "fortune | cowsay, bare spawn (CPU ms)": f"{bare_cow:.2f}",
        "fortune | cowsay, warm call (CPU ms)": f"{warm_cow:.2f}",
        "fortune | cowsay, warm call / bare spawn": f"{ratio_cow:.2f}",
        "cp, warm call without files (CPU ms)": f"{no_file:.2f}",
        "cp, warm call with one file in and one out (CPU ms)": f"{file:.2f}",
    }
    os.write(stdout, json.dumps(figures).encode() + b"\n")


if __name__ == "__main__":
    main()
