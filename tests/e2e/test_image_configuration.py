"""An image that says all that an image can say of how it wants to be run (images/configured)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Scar

IMAGE = "scar-test/configured"


@pytest.fixture(scope="module")
def configured(scar: Scar) -> Iterator[str]:
    """A function of it."""
    assert scar("init", "-n", "configured", "-t", "30", "-tt", "20", IMAGE).status == 0
    yield "configured"
    assert scar("rm", "configured").status == 0


def test_it_runs_as_it_says(scar: Scar, configured: str) -> None:
    result = scar("run", "--json", configured).json
    home = f"/tmp/{result['request_id']}"
    assert result["exit_code"] == 0
    said, world, *rest = result["output"].splitlines()
    assert said == "<from the image><by><default>"
    greeting, _, user = world.partition(" as ")
    assert greeting == "good day from /opt/tools/start in /srv/made/here"
    assert user.endswith(f", {home} and {home}")
    assert rest == ["/srv/kept", "/var/new", "writable"]


def test_arguments_follow_the_entrypoint_and_the_stop_signal_ends_it(scar: Scar, configured: str) -> None:
    ran = scar("run", "--json", configured, "wait")
    assert ran.status == 124
    assert ran.json["output"].splitlines()[0] == "<from the image><wait>"
    assert ran.json["output"].endswith("waiting\ninterrupted\n")


def test_what_is_not_obeyed_is_told_by_check_and_once_in_the_log(scar: Scar, configured: str) -> None:
    told = "USER nobody:nogroup is not obeyed"
    checked = scar("check", "--json", IMAGE)
    assert (checked.status, checked.json["user"]) == (0, "nobody:nogroup")
    assert told in checked.json["notes"][0]
    assert scar("run", configured).status == 0
    assert scar("log", configured).stdout.decode().count(told) == 1
