"""The role of ``scar role create``, and the policy of docs/aws, are enough for a function; less is not.

MiniStack evaluates them (AUTH=true): each request that the function signs with its role's credentials.
"""

from __future__ import annotations

import copy
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

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


# MiniStack writes a function's log itself: here the role does what Lambda does with it.


@contextmanager
def writer(cloud: Cloud, group: str) -> Iterator[Callable[[], None]]:
    """Writes a line into a new stream of a log group with the role's credentials."""
    arn = cloud.account.client("iam").get_role(RoleName=ROLE)["Role"]["Arn"]
    key = cloud.account.client("sts").assume_role(RoleArn=arn, RoleSessionName="lambda")["Credentials"]
    cloud.account.proxy.secrets[key["AccessKeyId"]] = key["SecretAccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], emulators.REGION)
    with closing(session.client("logs", endpoint_url=cloud.account.proxy.url)) as logs:

        def write() -> None:
            stream = str(uuid.uuid4())
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            logs.put_log_events(
                logGroupName=group,
                logStreamName=stream,
                logEvents=[{"timestamp": int(time.time() * 1000), "message": "moo"}],
            )

        yield write


def test_the_policy_is_enough_for_the_log(guarded: Cloud) -> None:
    allow(guarded, POLICY)
    with writer(guarded, "/aws/lambda/copy") as write:
        write()


@pytest.mark.parametrize("action", ["logs:CreateLogStream", "logs:PutLogEvents"])
def test_with_an_action_less_there_is_no_log(guarded: Cloud, action: str) -> None:
    allow(guarded, without(action))
    with writer(guarded, "/aws/lambda/copy") as write, pytest.raises(ClientError, match=action):
        write()


def test_other_logs_are_closed(guarded: Cloud) -> None:
    allow(guarded, POLICY)
    guarded.account.client("logs").create_log_group(logGroupName="/elsewhere")
    with writer(guarded, "/elsewhere") as write, pytest.raises(ClientError, match="CreateLogStream"):
        write()
