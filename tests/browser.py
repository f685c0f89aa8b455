"""A page as a browser has it: Chromium, headless, with a new profile and no network."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

_CONSOLE = re.compile(r"CONSOLE[^\]]*\] (.*)")
_ITS_OWN = "not an origin"
"""Chromium's word for who began a request that no page did."""


class Seen(NamedTuple):
    """What came of a page."""

    document: str
    """As HTML, after its scripts have run."""
    console: list[str]
    """Messages, errors among them."""
    requests: list[str]
    """URLs beside the page's own that it asked for, also in vain."""


def open_page(page: Path) -> Seen:
    """The page of a file."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "net-log.json"
        command = [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={folder}/profile", "--host-resolver-rules=MAP * ~NOTFOUND",
            "--enable-logging=stderr", f"--log-net-log={log}",
            "--virtual-time-budget=10000", "--dump-dom", page.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=True, timeout=120)
        requests = _requests(json.loads(log.read_bytes()))
    return Seen(done.stdout.decode(), _CONSOLE.findall(done.stderr.decode(errors="replace")), requests)


def _requests(net_log: dict[str, Any]) -> list[str]:
    started = net_log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    found = [event.get("params", {}) for event in net_log["events"] if event["type"] == started]
    return [params["url"] for params in found if "url" in params and params["initiator"] != _ITS_OWN]
