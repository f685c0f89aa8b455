"""10,000 launches by `scar run -es --async`, of which Lambda throttles 30 % at random and fails 1 %.

The endpoint is ours, on loopback, and answers after 20 ms. It counts what it took. The command is a process
of its own, whose peak memory and CPU the kernel tells.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.cli import batch_server
from tests.cli.batch_server import BUCKET, NAME, TAKE, THROTTLE, BatchServer

FILES = 10_000
CONCURRENCY = 50
THROTTLED, FAILED = 0.3, 0.01
ANSWER_SECONDS = 0.02


def main() -> None:
    """Measure, check that no key was lost or sent twice, and print the figures as one line of JSON."""
    chance = random.Random(1)  # noqa: S311 - no secret
    with batch_server.serving() as server, tempfile.TemporaryDirectory(prefix="bench-") as home:
        server.keys = [f"input/{number:05}" for number in range(FILES)]
        server.delay, server.keep_calls = ANSWER_SECONDS, False
        server.answer = lambda _: _answer(chance.random())
        server.outcomes = lambda _: []
        started = time.monotonic()
        document, usage = _run(server, Path(home))
        seconds = time.monotonic() - started
    failed = {entry["key"] for entry in document["failures"]}
    once = {key for key, count in server.taken.items() if count == 1}
    if failed & once or failed | once != set(server.keys):
        raise SystemExit("a key was lost, sent twice, or sent and listed as failed")
    cpu = usage.ru_utime + usage.ru_stime
    figures = {
        f"{FILES:,} launches: sent exactly once + listed as failed": f"{len(once):,} + {len(failed)}",
        "requests that were throttled (429) / failed (500)": (
            f"{server.answers[THROTTLE]:,} / {server.answers[500]}"
        ),
        f"most in flight (--concurrency {CONCURRENCY})": server.most_in_flight,
        "launches per second": f"{FILES / seconds:.0f}",
        "CPU for each launch (ms)": f"{cpu / FILES * 1000:.2f}",
        "peak memory (MB; target: under 200)": f"{usage.ru_maxrss / 1024:.0f}",
    }
    print(json.dumps(figures))


def _answer(chance: float) -> int:
    if chance < THROTTLED:
        return THROTTLE
    return 500 if chance < THROTTLED + FAILED else TAKE


def _run(server: BatchServer, home: Path) -> tuple[dict[str, Any], resource.struct_rusage]:
    """What the command says, and what it used."""
    command = [sys.executable, "-m", "scar.cli", "run", "--json", "--async", "-es", BUCKET]
    environment = dict(os.environ) | {
        "SCAR_HOME": str(home),
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
    }
    done = subprocess.run(
        [*command, "--concurrency", str(CONCURRENCY), NAME],
        env=environment,
        stdout=subprocess.PIPE,
        check=False,
    )
    return json.loads(done.stdout), resource.getrusage(resource.RUSAGE_CHILDREN)


if __name__ == "__main__":
    main()
