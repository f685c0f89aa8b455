"""A function whose /tmp is too small: for a file, and for the results.

A module of its own, for what is mounted here is seen by every sandbox that starts meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.small_disk import mounted
from tests.supervisor.conftest import Environment, left, processed, results, s3_event

MIB = 1024 * 1024

SCRIPT = """
cd "$SCAR_OUTPUT_DIR"
case $SCAR_INPUT_FILE in
*/full) echo x > before; head -c 100000000 /dev/zero > much;;
esac
"""


@pytest.fixture(scope="module")
def cramped(start: Any, derived: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A function with 16 MB left in its /tmp."""
    digest = derived("cramped", {"Cmd": ["/bin/sh", "-c", SCRIPT]})
    with mounted(tmp_path_factory.mktemp("mount") / "tmp") as disk:
        disk.resize(1000 * MIB)
        with start(digest, disk.path) as environment:
            assert environment.call(pull_only=True).exit_code == 0
            disk.resize(disk.used() + 16 * MIB)
            yield environment


def test_a_file_for_which_there_is_no_room_is_refused_with_both_sizes(
    cramped: Environment, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/x", Body=bytes(30 * MIB))
    before = len(cramped.log())
    answer = cramped.answer(s3_event(bucket, "input/x"))
    assert answer["raised"] == "InputTooLarge"
    assert f"s3://{bucket}/input/x has {30 * MIB:,} bytes; /tmp has 16," in answer["message"]
    assert "scar update --storage MB" in cramped.log()[before:]
    assert results(s3, bucket) == {}


def test_results_that_fill_the_disk_fail_the_call_and_go_as_far_as_they_came(
    cramped: Environment, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/full", Body=b"")
    s3.put_object(Bucket=bucket, Key="input/x", Body=b"x")
    assert cramped.answer(s3_event(bucket, "input/full"))["raised"] == "ContainerFailed"
    found = results(s3, bucket)
    assert found["before"] == b"x\n"
    assert set(found["much"]) == {0}
    assert 15 * MIB < len(found["much"]) <= 16 * MIB
    assert left(cramped) == []
    assert processed(cramped.answer(s3_event(bucket, "input/x"))) == 1
