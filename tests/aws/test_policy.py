"""The role of ``scar role create``, and the policy of docs/aws, are enough for a function; less is not.

MiniStack evaluates them (AUTH=true): each request that the function signs with its role's credentials.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.aws import emulators
from tests.aws.conftest import ROLE, Cloud
from tests.aws.copying import waited_for

POLICY: dict[str, Any] = json.loads(
    (emulators.POLICIES / "lambda-execute-role.json").read_text().replace("BUCKET", "private")
)


def without(action: str) -> dict[str, Any]:
    """The policy with one action less."""
    policy = copy.deepcopy(POLICY)
    for statement in policy["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one != action]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    assert policy != POLICY
    return policy


def allow(cloud: Cloud, policy: dict[str, Any]) -> None:
    """Make this the policy of the role."""
    cloud.account.client("iam").put_role_policy(
        RoleName=ROLE, PolicyName="scar", PolicyDocument=json.dumps(policy)
    )


def process(cloud: Cloud, key: str) -> dict[str, Any]:
    """What the function answers to the event of an object, which need not be a new one."""
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "private"}, "object": {"key": key}},
    }
    answer = cloud.account.client("lambda").invoke(
        FunctionName="copy", Payload=json.dumps({"Records": [record]})
    )
    document: dict[str, Any] = json.loads(answer["Payload"].read())
    return document


@pytest.fixture(scope="module")
def processed(guarded: Cloud) -> str:
    """Key of an object that the function has copied, called by its bucket, under the role as SCAR made it."""
    guarded.account.client("s3").put_object(Bucket="private", Key="input/file", Body=b"content")
    assert waited_for(guarded.account, "private", "output/file.copy") == b"content"
    return "input/file"


def test_the_documented_policy_is_enough(guarded: Cloud, processed: str) -> None:
    allow(guarded, POLICY)
    assert "errorType" not in process(guarded, processed)


@pytest.mark.parametrize(
    ("action", "reason"),
    [("s3:GetObject", "could not be read"), ("s3:PutObject", "could not be written")],
)
def test_with_an_action_less_it_is_not_enough(
    guarded: Cloud, processed: str, action: str, reason: str
) -> None:
    allow(guarded, without(action))
    answer = process(guarded, processed)
    assert answer["errorType"] == "StagingFailed"
    assert reason in answer["errorMessage"]


def test_other_folders_of_the_bucket_are_closed(guarded: Cloud) -> None:
    allow(guarded, POLICY)
    guarded.account.client("s3").put_object(Bucket="private", Key="elsewhere/secret", Body=b"secret")
    answer = process(guarded, "elsewhere/secret")
    assert answer["errorType"] == "StagingFailed"
    assert "could not be read" in answer["errorMessage"]
