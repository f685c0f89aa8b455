"""Which build of libfakechroot is for which image, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scar_oci.runtime import Runtime
from scar_supervisor.f1 import fitting_build, fitting_companion
from tests.oci.layers import file
from tests.supervisor.conftest import Start

BUILDS = ("glibc-2.14", "glibc-2.34", "libscar-2.17.so", "libscar-2.29.so", "proot")


def image_with(version: str) -> Runtime:
    """The facts of an image with a glibc of this version."""
    return Runtime("x86_64", "glibc", version, "lib64/ld-linux-x86-64.so.2", ())


@pytest.mark.parametrize(
    ("version", "build"),
    [
        *(("2.36", "glibc-2.34"), ("2.34", "glibc-2.34"), ("2.34.9000", "glibc-2.34")),
        *(("2.32", "glibc-2.14"), ("2.14", "glibc-2.14"), ("2.5", None), ("", None)),
        *(("2.33", None), ("2.33.9000", None)),  # it can load the older build, which does not catch its stat
    ],
)
def test_the_newest_build_that_the_image_can_load_and_that_catches_its_calls(
    version: str, build: str | None
) -> None:
    assert fitting_build(BUILDS, image_with(version)) == build


@pytest.mark.parametrize(
    ("version", "build"),
    [
        *(("2.36", "libscar-2.29.so"), ("2.29", "libscar-2.29.so"), ("2.28.9000", "libscar-2.17.so")),
        *(("2.17", "libscar-2.17.so"), ("2.14", None), ("", None)),
    ],
)
def test_the_newest_companion_that_the_image_can_load(version: str, build: str | None) -> None:
    assert fitting_companion(BUILDS, image_with(version)) == build


def test_an_older_build_alone_is_not_for_newer_images() -> None:
    assert fitting_build(BUILDS[:1], image_with("2.36")) is None
    assert fitting_build(("glibc-2.33", *BUILDS), image_with("2.33")) == "glibc-2.33"


def test_a_call_of_an_image_with_a_glibc_between_the_builds_is_refused(
    start: Start, derived: Callable[..., str]
) -> None:
    libc = b"\x7fELF GNU C Library (Ubuntu GLIBC 2.33-0ubuntu5) stable release version 2.33.\n"
    with start(derived("between", {}, file("usr/local/lib/libc.so.6", libc))) as environment:
        result = environment.call("/bin/true")
        assert result.exit_code == 125
        assert result.error is not None
        assert "no libfakechroot for the image's glibc 2.33 on" in result.error.message
        assert "--exec-mode P1" in result.error.hint
