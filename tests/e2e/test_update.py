"""What is packed with a function, and what an update changes for the next call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import IMAGE, Scar


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    folder = tmp_path / "payload"
    (folder / "bin").mkdir(parents=True)
    tool = folder / "bin" / "tool"
    tool.write_text('#!/bin/sh\necho "tool says $(cat "$EXTRA_PAYLOAD/data") $1"\n')
    tool.chmod(0o755)
    (folder / "data").write_text("moo")
    return folder


def test_containers_find_the_extra_payload(scar: Scar, payload: Path) -> None:
    assert scar("init", "-n", "packed", "--extra-payload", payload, IMAGE).status == 0
    said = scar("run", "--json", "packed", "/bin/sh", "-c", '"$EXTRA_PAYLOAD/bin/tool" twice; pwd').json
    assert said["output"].splitlines()[0] == "tool says moo twice"
    assert (
        scar("run", "--json", "packed", "/var/task/extra/bin/tool", "x").json["output"] == "tool says moo x\n"
    )
    refused = scar("run", "--json", "packed", "/bin/sh", "-c", 'echo x > "$EXTRA_PAYLOAD/data"').json
    assert refused["exit_code"] != 0
    assert scar("rm", "packed").status == 0


def test_without_one_there_is_no_variable(scar: Scar, cow: str) -> None:
    said = scar("run", "--json", cow, "/bin/sh", "-c", 'echo "${EXTRA_PAYLOAD-none}"').json
    assert said["output"] == "none\n"


def test_the_next_call_sees_the_update(scar: Scar, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo script $COLOUR\n")
    assert scar("init", "-n", "changing", "-e", "COLOUR=red", "-s", script, IMAGE).status == 0
    assert scar("run", "--json", "changing").json["output"] == "script red\n"
    script.write_text("echo changed $COLOUR $REASON\n")
    changes = ["-e", "COLOUR=blue", "-e", "REASON=why", "-s", script, "-m", "256"]
    assert scar("update", "changing", *changes).status == 0
    assert scar("run", "--json", "changing").json["output"] == "changed blue why\n"
    assert (
        scar("update", "changing", "-e", "REASON-", "-s", "", "--image", "debian:bookworm-slim").status == 0
    )
    found = scar("run", "--json", "-v", "changing", "/bin/sh", "-c", "echo $COLOUR${REASON-.}; ls /usr/games")
    assert found.json["output"].startswith("blue.\n")
    assert "cowsay" not in found.json["output"]
    assert found.json["image_pulled"] is True
    assert scar("rm", "changing").status == 0
