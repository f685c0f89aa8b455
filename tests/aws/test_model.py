"""The API model as a gate: what botocore would send and AWS refuse does not reach an emulator."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from scar.deploy import package
from tests.aws.conftest import Cloud

GOOD: dict[str, Any] = {
    "FunctionName": "gate",
    "Description": "d" * 256,
    "Runtime": "python3.13",
    "Handler": "theirs.handler",
    "MemorySize": 10240,
    "Timeout": 900,
    "Code": {"ZipFile": package.archive({})},
    "Tags": {"createdby": "scar"},
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Description": "d" * 257}, "Description: 257 is not from 0 to 256"),
        ({"Runtime": "python9.9"}, "Runtime: 'python9.9' is none of"),
        ({"FunctionName": "a b"}, "FunctionName: 'a b' does not match"),
        ({"FunctionName": "a" * 200}, "FunctionName: 200 is not from 1 to 140"),
        ({"Handler": "with space"}, "Handler: 'with space' does not match"),
        ({"Role": "arn:aws:iam::12:role/x"}, "Role: 'arn:aws:iam::12:role/x' does not match"),
        ({"Architectures": ["arm32"]}, "Architectures[0]: 'arm32' is none of x86_64, arm64"),
        ({"Architectures": ["arm64", "x86_64"]}, "Architectures: 2 is not from 1 to 1"),
        ({"EphemeralStorage": {"Size": 40000}}, "EphemeralStorage.Size: 40000 is not from 512 to"),
        ({"Environment": {"Variables": {"A-B": "x"}}}, "Variables key: 'A-B' does not match"),
    ],
)
def test_what_breaks_the_model_is_refused_with_the_reason(
    cloud: Cloud, changes: dict[str, Any], reason: str
) -> None:
    functions = cloud.account.client("lambda")
    with pytest.raises(ClientError, match="ValidationException") as refused:
        functions.create_function(**{**GOOD, "Role": cloud.role, **changes})
    assert reason in refused.value.response["Error"]["Message"]


def test_what_keeps_to_the_model_passes(cloud: Cloud) -> None:
    functions = cloud.account.client("lambda")
    functions.create_function(**GOOD, Role=cloud.role)
    functions.delete_function(FunctionName="gate")
