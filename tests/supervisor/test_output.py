"""What is kept of a container's output."""

from __future__ import annotations

import os

import pytest

from scar_supervisor.output import BoundedOutput, Log


@pytest.mark.parametrize("size", [0, 1, 49, 50, 51, 99, 100])
@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_up_to_the_limit_output_is_exact(size: int, chunk: int) -> None:
    data = os.urandom(size)
    output = BoundedOutput(100)
    for start in range(0, size, chunk):
        output.write(data[start : start + chunk])
    assert output.value() == data
    assert output.size == size


@pytest.mark.parametrize("size", [101, 150, 151, 1000])
@pytest.mark.parametrize("chunk", [1, 33, 1000])
def test_beyond_it_the_ends_are_kept_and_the_gap_is_told(size: int, chunk: int) -> None:
    data = os.urandom(size)
    output = BoundedOutput(100)
    for start in range(0, size, chunk):
        output.write(data[start : start + chunk])
    value = output.value()
    assert value.startswith(data[:50])
    assert value.endswith(data[-50:])
    assert b"%d bytes left out" % (size - 100) in value
    assert output.size == size


def test_the_log_is_byte_exact_and_ends_open_lines(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log()
    log.write(b"half a line")
    log.note("a note")
    log.end_line()
    log.write(b"whole\n")
    log.end_line()
    assert capfd.readouterr().out == "half a line\nscar: a note\nwhole\n"
