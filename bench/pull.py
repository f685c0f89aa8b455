"""Space under /tmp while an image is pulled, against what its tree takes.

Runs inside (see `inside`) and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import threading
import time

from scar_supervisor import function, image, output

INTERVAL = 0.001
"""Seconds between two looks at the file system."""


def used() -> int:
    """Bytes in use on /tmp."""
    space = os.statvfs("/tmp")
    return (space.f_blocks - space.f_bfree) * space.f_frsize


class Watch(threading.Thread):
    """Remembers the most that was in use."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.done = threading.Event()

    def run(self) -> None:
        """Look, again and again."""
        while not self.done.wait(INTERVAL):
            self.peak = max(self.peak, used())


def main() -> None:
    """Measure one pull."""
    stdout = os.dup(1)
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    before = used()
    watch = Watch()
    watch.start()
    started = time.process_time()
    image.obtain(function.Function.from_environment(os.environb), output.Log(), time.monotonic() + 900)
    cpu = time.process_time() - started
    watch.done.set()
    watch.join()
    tree, peak = used() - before, max(watch.peak, used()) - before
    figures = {
        "pull: unpacked tree (MB)": f"{tree / 1e6:.1f}",
        "pull: peak under /tmp / unpacked tree (target: at most 1.02)": f"{peak / tree:.3f}",
        "pull: CPU (s)": f"{cpu:.2f}",
    }
    os.write(stdout, json.dumps(figures).encode() + b"\n")


if __name__ == "__main__":
    main()
