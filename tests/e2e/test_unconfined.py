"""A machine that refuses namespaces runs functions all the same, two images side by side."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scar.local import cloud
from tests.e2e.conftest import IMAGE, SCAR


@pytest.fixture
def bare(tmp_path: Path, registry: str, kit: Path) -> Iterator[dict[str, str]]:
    """The environment of commands whose local cloud has no sandbox."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCAR_HOME", str(tmp_path / "home"))
        patch.setenv("SCAR_REGISTRY_MIRROR", registry)
        patch.setenv("SCAR_LOCAL_SANDBOX", "none")
        try:
            yield dict(os.environ)
        finally:
            cloud.stop()


def test_functions_run_without_a_sandbox_and_it_is_said_once(bare: dict[str, str]) -> None:
    def scar(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCAR, *args], env=bare, capture_output=True, text=True, check=False, timeout=120
        )

    first = scar("init", "--local", "-n", "cow", "-p", IMAGE)
    assert first.returncode == 0, first.stderr
    assert "without a sandbox" in first.stderr
    other = scar("init", "--local", "-n", "base", "-p", "debian:bookworm-slim")
    assert other.returncode == 0, other.stderr
    assert "without a sandbox" not in other.stderr
    said = scar("run", "--local", "cow", "/usr/games/cowsay", "moo")
    assert (said.returncode, "< moo >" in said.stdout) == (0, True)
    missing = scar("run", "--local", "base", "/usr/games/cowsay", "moo")
    assert missing.returncode == 127
    again = scar("run", "--local", "--json", "-v", "cow", "/usr/bin/env")
    assert '"image_pulled": false' in again.stdout
