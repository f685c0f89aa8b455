"""The tour of SCAR in the local cloud: ``make demo``.

Prints each command, runs it, shows what it says and checks it. Ends with 1 at the first result that is wrong.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scar_supervisor.contract import ENV_REGISTRY_MIRROR
from tools import registry
from tools.local_aws import client, remove_bucket

NAME = "lambda-docker-cowsay"
FILES_NAME = "lambda-docker-say-file"
BUCKET = "scar-demo"
IMAGE = "grycap/cowsay"
EXAMPLES = "examples/cowsay"
RESULTS, RESULT = "build/demo", "hello-said.txt"

PATIENCE = {"Delay": 1, "MaxAttempts": 60}
"""Seconds between two looks for the result of a file, and how often."""

COW = re.compile(r"\^__\^.*\(oo\)", re.DOTALL)
PENGUIN = re.compile(r"\|o_o \|")
RULE = re.compile(r"^-{20,}\n", re.MULTILINE)
"""`scar run` prints the container's output below one."""

GO_ON = """
All as it should be ({seconds:.0f} s). To go on by hand:

    . .venv/bin/activate
    export {variable}={mirror}
    scar init --local -n my-cow {image}
    scar run --local my-cow /usr/games/cowsay Moo

The registry and the local cloud go on running. To end them, with all functions and buckets: make stop
"""

Check = Callable[[str], bool]


class Demo:
    """Runs commands with the demo's settings."""

    def __init__(self, mirror: str) -> None:
        programs = str(Path(sys.executable).parent)
        self._environment = {
            **os.environ,
            ENV_REGISTRY_MIRROR: mirror,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, command: str, check: Check, wanted: str) -> str:
        """Shows and runs one command. Returns its output, or ends the demo if it is not what is wanted."""
        print(f"\n$ {command}", flush=True)
        lines = []
        with subprocess.Popen(
            shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self._environment
        ) as process:
            for line in process.stdout or ():
                sys.stdout.buffer.write(line)
                sys.stdout.flush()
                lines.append(line)
        output = b"".join(lines).decode(errors="replace")
        if process.returncode != 0 or not check(output):
            raise SystemExit(f"\nThis is wrong (exit status {process.returncode}). Wanted: {wanted}")
        return output

    def quietly(self, command: str) -> None:
        """Runs a command that is no part of the tour."""
        subprocess.run(shlex.split(command), check=True, stdout=subprocess.DEVNULL, env=self._environment)


def said(output: str) -> str:
    """The container's part of what `scar run` printed."""
    return RULE.split(output, maxsplit=1)[-1]


def tour(demo: Demo) -> None:
    """The demo: a function from an image, calls of all kinds, the log, and a file."""
    demo.run(f"scar init --local -n {NAME} -m 128 -t 300 {IMAGE}", has(NAME), "the function's name")
    calls(demo)
    answer = json.loads(demo.run(f"scar run --local --json {NAME}", is_success, "JSON with exit_code 0"))
    demo.run("scar ls --local", has(NAME, IMAGE), "the function and its image")
    demo.run(f"scar log --local {NAME}", has("Hello World", "REPORT"), "what the calls wrote")
    logged(demo, answer["request_id"])
    a_file(demo)
    for name in (NAME, FILES_NAME):
        demo.run(f"scar rm --local -n {name}", has(name), "the function's name")
    nothing_is_left()


def calls(demo: Demo) -> None:
    """The image's own command, a command of ours, scripts, and variables."""
    run = f"scar run --local {NAME}"
    demo.run(run, is_cow, "a cow")
    demo.run(f"{run} /usr/games/fortune", lambda output: bool(said(output).strip()), "a fortune")
    for program in ("/usr/bin/perl /usr/games/cowsay", "/usr/games/cowsay"):
        demo.run(
            f"{run} {program} Hello World",
            lambda output: is_cow(output) and "Hello World" in said(output),
            "a cow that says Hello World",
        )
    demo.run(
        f"scar run --local -s {EXAMPLES}/test-cowsay.sh {NAME}",
        lambda output: PENGUIN.search(said(output)) is not None and "Debian" in said(output),
        "a penguin in Debian",
    )
    demo.run(
        f"scar run --local -e TEST1=45 -e TEST2=69 -s {EXAMPLES}/test-global-vars.sh {NAME}",
        has("TEST1 is 45\n", "TEST2 is 69\n"),
        "45 and 69",
    )


def logged(demo: Demo, request_id: str) -> None:
    """The log of one call."""
    demo.run(
        f"scar log --local {NAME} -ri {request_id}",
        lambda output: (
            is_cow(output) and re.findall(r"(?m)^(?:START|END) RequestId: (\S+)", output) == [request_id] * 2
        ),
        "the lines from START to END of that call alone",
    )


def a_file(demo: Demo) -> None:
    """A function that is called by a file in a bucket."""
    demo.run(
        f"scar init --local -s {EXAMPLES}/say-file.sh -n {FILES_NAME} -es {BUCKET} {IMAGE}",
        has(FILES_NAME, BUCKET),
        "the function and its bucket",
    )
    demo.run(
        f"scar put --local {EXAMPLES}/hello.txt {BUCKET}/input/",
        has("Sent: 1 of 1 file"),
        "one file that is sent",
    )
    client("s3").get_waiter("object_exists").wait(
        Bucket=BUCKET, Key=f"output/{RESULT}", WaiterConfig=PATIENCE
    )
    demo.run(
        f"scar get --local {BUCKET}/output/ {RESULTS}",
        lambda output: output.startswith("Got: 1 of 1 file") or "there already" in output,
        "one file that is got",
    )
    demo.run(
        f"cat {RESULTS}/{RESULT}",
        lambda output: is_cow(output) and "Files work, too" in output,
        "a cow that says the file",
    )
    demo.run(f"scar report --local {FILES_NAME}", has("Cold starts  1"), "what the one call took")


def nothing_is_left() -> None:
    """Ends the demo if a function or a log is left."""
    functions = {one["FunctionName"] for one in client("lambda").list_functions()["Functions"]}
    groups = {one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]}
    left = {name for name in (NAME, FILES_NAME) if {name, f"/aws/lambda/{name}"} & (functions | groups)}
    if left:
        raise SystemExit(f"\nThis is wrong: scar rm left something of {', '.join(sorted(left))}")


def has(*texts: str) -> Check:
    """A check that all of these are printed."""
    return lambda output: all(text in output for text in texts)


def is_cow(output: str) -> bool:
    """True if a cow is printed."""
    return COW.search(output) is not None


def is_success(output: str) -> bool:
    """True for the JSON of a call that went well."""
    answer = json.loads(output)
    return answer["exit_code"] == 0 and is_cow(answer["output"])


def main() -> None:
    """Run the demo. What an interrupted one left is removed first."""
    began = time.monotonic()
    mirror = registry.start().url
    print(f"$ export {ENV_REGISTRY_MIRROR}={mirror}        # stands in for Docker Hub")
    demo = Demo(mirror)
    demo.quietly("scar local start")
    for name in (NAME, FILES_NAME):
        demo.quietly(f"scar rm --local -n {name}")
    remove_bucket(BUCKET)
    tour(demo)
    remove_bucket(BUCKET)
    seconds = time.monotonic() - began
    print(GO_ON.format(seconds=seconds, variable=ENV_REGISTRY_MIRROR, mirror=mirror, image=IMAGE))


if __name__ == "__main__":
    main()
