"""Runs the commands of one README."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tools.examples import figures, matching
from tools.examples.figures import Figures
from tools.examples.readme import Example, Step
from tools.images import ROOT
from tools.local_aws import client

PATIENCE = 300
"""Seconds for one command."""
_LAST_WORDS = 20
"""Lines of what a wrong command said that are shown."""


class Ran(NamedTuple):
    """What one command gave."""

    status: int
    stdout: str
    stderr: str


class Wrong(Exception):
    """A README is not true. The message says where, and what happened instead."""


def run_example(example: Example) -> list[Figures]:
    """Run what an example's README shows, in the local cloud that runs. Raises Wrong."""
    results = ROOT / "build" / "examples" / example.name
    shutil.rmtree(results, ignore_errors=True)
    found: dict[str, Figures] = {}
    for step in example.steps:
        if "scar rm " in step.command:  # it takes the log away, too
            found |= {one.function: one for one in figures.measured()}
        if problem := wrong(step, run(step.command)):
            raise Wrong(f"{example.readme}:{step.line}: $ {step.command}\n{problem}")
    if left := [*_left(), *([str(results)] if results.exists() else [])]:
        raise Wrong(f"{example.readme}: its commands leave something behind: {', '.join(left)}")
    return list(found.values())


def run(command: str) -> Ran:
    """Run a command as a user does in the checkout. What takes too long is ended, with what it started."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with subprocess.Popen(
        ["bash", "-c", command], cwd=ROOT, env=environment, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", errors="replace",
    ) as process:  # fmt: skip
        try:
            stdout, stderr = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            stderr += f"\nended after {PATIENCE} seconds"
        except BaseException:  # Ctrl-C does not reach its session
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return Ran(process.returncode, stdout, stderr)


def wrong(step: Step, ran: Ran) -> str | None:
    """What is wrong with what a command gave, with what it said; None if nothing is."""
    problem = matching.difference(step.expected, ran.stdout.splitlines())
    if ran.status != 0:
        problem = f"ended with {ran.status}" + (f"\n{problem}" if problem else "")
    if problem is None:
        return None
    said = (ran.stdout + ran.stderr).splitlines()[-_LAST_WORDS:]
    return "\n".join([problem, *(f"  | {line}" for line in said)])


def _left() -> list[str]:
    """The functions and buckets of the local cloud."""
    functions = [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]]
    return functions + [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
