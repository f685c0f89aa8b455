"""Images that cannot run are refused with the reason, before they are started or before anything is made."""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import Scar
from tests.oci import layers


@pytest.mark.parametrize(("image", "reason"), [("static", "linked statically"), ("musl", "musl")])
def test_a_program_that_f1_cannot_run_is_told_before_it_is_started(
    scar: Scar, image: str, reason: str
) -> None:
    assert scar("init", "-n", image, f"scar-test/{image}").status == 0
    ran = scar("run", image)
    assert ran.status == 125
    assert reason in ran.stderr
    assert "debian:bookworm-slim" in ran.stderr  # the way out
    assert scar("rm", image).status == 0


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("scar-test/arm64only", "arm64"),
        ("scar-test/nosuch", "nosuch"),
        ("grycap/cowsay:nosuch", "nosuch"),
        ("grycap/COWSAY", "COWSAY"),
    ],
)
def test_an_image_that_cannot_be_had_makes_no_function(scar: Scar, image: str, reason: str) -> None:
    before = scar("ls", "--json").json
    ran = scar("init", "-n", "never", image)
    assert ran.status in (1, 2)
    assert reason in ran.stderr
    assert scar("ls", "--json").json == before
    assert scar("log", "never").status == 1


def test_an_image_larger_than_tmp_is_told_with_both_numbers_and_leaves_nothing(
    scar: Scar, registry: str
) -> None:
    big = layers.file("zeros", bytes(600 * 1024 * 1024))  # 600 KB when compressed
    with layers.pushing(registry) as pusher:
        pusher.push("scar-test/big", "latest", layers.image(layers.layer(big), process={"Cmd": ["/x"]}))
    assert scar("init", "-n", "big", "--storage", "512", "scar-test/big").status == 0
    for _ in range(2):  # the second call finds no garbage of the first in its way
        ran = scar("run", "big")
        assert ran.status == 125
        needed, available = re.findall(r"(\d+\.\d) MB", ran.stderr)
        assert 600 <= float(needed) < 601
        assert 500 < float(available) <= 512
    assert scar("rm", "big").status == 0


def test_an_image_without_a_shell_can_be_fetched_in_advance(scar: Scar, registry: str) -> None:
    with layers.pushing(registry) as pusher:
        pusher.push("scar-test/no-shell", "latest", layers.image(layers.layer(layers.file("x", b"x"))))
    assert scar("init", "-n", "no-shell", "-p", "scar-test/no-shell").status == 0
    ran = scar("run", "no-shell")
    assert ran.status == 125
    assert "neither ENTRYPOINT nor CMD" in ran.stderr
    assert scar("rm", "no-shell").status == 0


def test_hints_are_for_the_local_cloud_where_the_command_was(scar: Scar, cow: str) -> None:
    ran = scar("init", "-n", cow, "grycap/cowsay")
    assert ran.status == 1
    assert f"scar rm --local {cow}" in ran.stderr
