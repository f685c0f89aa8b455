"""The plan of an update, as a value: what differs, in which order, and told without the user's secrets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scar.aws.functions import Function, Package
from scar.deploy.change import ChangeSettings, ReplacePackage, WaitUntilUpdated, differences, plan_update
from scar.deploy.upload import RemoveUpload, UploadPackage, package_for
from scar.errors import ScarError

OLD, NEW = Package(b"old"), Package(b"new")
FUNCTION = Function.of(
    {
        "FunctionName": "cow",
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:cow",
        "MemorySize": 128,
        "Timeout": 300,
        "CodeSha256": OLD.digest,
        "Environment": {"Variables": {"SCAR_IMAGE": "a", "SCAR_ENV_KEY": "secret", "SCAR_ENV_OLD": "x"}},
    }
)
LARGER = replace(FUNCTION.settings, memory=256)


def test_nothing_to_do() -> None:
    assert plan_update(FUNCTION, FUNCTION.settings, None) == ()
    assert plan_update(FUNCTION, FUNCTION.settings, OLD) == ()


def test_the_package_is_the_last_step() -> None:
    assert plan_update(FUNCTION, LARGER, NEW) == (
        ChangeSettings("cow", FUNCTION.settings, LARGER),
        WaitUntilUpdated("cow"),
        ReplacePackage("cow", OLD.digest, NEW),
    )


def test_a_large_package_goes_through_its_bucket() -> None:
    large = package_for(bytes(50 * 1024 * 1024 + 1), "cow", "packages")
    assert (large.bucket, large.key.startswith("scar/cow-")) == ("packages", True)
    assert plan_update(FUNCTION, FUNCTION.settings, large) == (
        UploadPackage(large),
        ReplacePackage("cow", OLD.digest, large),
        RemoveUpload(large),
    )
    assert package_for(bytes(50 * 1024 * 1024), "cow", "packages").bucket == ""
    with pytest.raises(ScarError, match="AWS Lambda takes 52,428,800 by direct upload"):
        package_for(large.content, "cow", "")


def test_differences_are_told_without_values_of_the_users() -> None:
    environment = {"SCAR_IMAGE": "b", "SCAR_ENV_KEY": "another secret", "SCAR_ENV_NEW": "y"}
    after = replace(LARGER, description="d", time=60, storage=1024, environment=environment)
    told = differences(FUNCTION.settings, after)
    assert told == [
        "description 'd'",
        "memory 128 to 256 MB",
        "time-out 300 to 60 s",
        "storage 512 to 1024 MB",
        "replace variable KEY",
        "set variable NEW",
        "remove variable OLD",
        "image a to b",
    ]
    assert "secret" not in repr(plan_update(FUNCTION, after, NEW))


def test_settings_stay_with_the_package_that_cannot_be_put_back() -> None:
    assert ReplacePackage("cow", OLD.digest, NEW).is_final
