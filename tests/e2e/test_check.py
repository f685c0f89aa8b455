"""What `scar check` foretells of an image is what becomes of it in a function."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import IMAGE, Scar


@pytest.mark.parametrize("image", [IMAGE, "scar-test/static", "scar-test/musl"])
def test_the_verdict_is_what_happens(scar: Scar, image: str) -> None:
    checked = scar("check", "--json", image)
    assert scar("init", "-n", "foretold", image).status == 0
    ran = scar("run", "foretold")
    assert scar("rm", "foretold").status == 0
    assert checked.json["runs"] == (ran.status == 0)
    assert checked.json["modes"][0]["reason"] in ran.stderr or checked.status == 0
    assert checked.status == (0 if ran.status == 0 else 1)


def test_run_shows_what_the_container_prints_and_leaves_nothing(scar: Scar) -> None:
    before = scar("ls", "--json").json
    ran = scar("check", "--run", IMAGE, "/bin/sh", "-c", "echo here; exit 3")
    assert ran.status == 3
    assert b"F1: yes" in ran.stdout
    assert ran.stdout.endswith(b"\nhere\n")
    as_json = scar("check", "--run", "--json", IMAGE, "/bin/echo", "there")
    assert as_json.json["runs"] is True
    assert as_json.json["run"]["output"] == "there\n"
    assert scar("ls", "--json").json == before
