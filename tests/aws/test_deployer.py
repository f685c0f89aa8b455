"""The deployer's policy of docs/aws is enough for every command, and less is not.

MiniStack evaluates it (AUTH=true), for a user with an access key, whose signatures it verifies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws import emulators
from tests.aws.conftest import IMAGE, Argument, Cloud

POLICY = (
    (emulators.POLICIES / "deployer-policy.json")
    .read_text()
    .replace("BUCKET", "deployed*")
    .replace("role/scar-lambda-execute", "role/scar-lambda-*")
)
"""For buckets and roles of any name that begins so."""

# What MiniStack reads otherwise than AWS: it evaluates CreateFunction on "*", not on the function, and leaves
# out the slash at the end of a key.
GAPS = [
    {"Effect": "Allow", "Action": ["lambda:CreateFunction"], "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:DeleteObject", "s3:GetObject"],
        "Resource": ["arn:aws:s3:::deployed*/input", "arn:aws:s3:::deployed*/output"],
    },
]


def allow(cloud: Cloud, *, but: str = "") -> None:
    """Give the user the policy, without one action."""
    policy = json.loads(POLICY)
    statements = [
        {**statement, "Action": [action for action in statement["Action"] if action != but]}
        for statement in (*policy["Statement"], *GAPS)
    ]
    policy["Statement"] = [statement for statement in statements if statement["Action"]]
    document = json.dumps(policy)
    assert f'"{but}"' not in document
    cloud.account.client("iam").put_user_policy(
        UserName="deployer", PolicyName="deployer", PolicyDocument=document
    )


@pytest.fixture(scope="module")
def deployer(guarded: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """A user who may do what the policy says."""
    iam = guarded.account.client("iam")
    iam.create_user(UserName="deployer")
    key: dict[str, Any] = iam.create_access_key(UserName="deployer")["AccessKey"]
    guarded.account.proxy.secrets[key["AccessKeyId"]] = key["SecretAccessKey"]
    own = {
        "SCAR_HOME": str(tmp_path_factory.mktemp("deployer")),
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    return guarded._replace(environment=guarded.environment | own)


@pytest.fixture(scope="module")
def deployed(deployer: Cloud) -> Iterator[Cloud]:
    """The user, with a role and a function ``deployed`` of the own making."""
    allow(deployer)
    deployer.account.client("s3").create_bucket(Bucket="deployed-before")
    deployer.succeed("role", "create", "-es", "deployed")
    deployer.succeed("init", "-n", "deployed", "-es", "deployed", IMAGE)
    yield deployer
    allow(deployer)
    deployer.succeed("rm", "deployed")


RUN = ("run", "deployed", "/bin/true")
RUN_FILES = ("run", "-es", "deployed", "deployed")
PUT = ("put", __file__, "deployed/elsewhere/")
LISTED = ("ls", "-b", "deployed")
LOG = ("log", "deployed")
UPDATE = ("update", "-m", "512", "deployed")


@pytest.mark.parametrize("command", [RUN, RUN_FILES, LOG, UPDATE, PUT, LISTED, ("ls",)], ids=" ".join)
def test_it_is_enough(deployed: Cloud, command: tuple[Argument, ...]) -> None:
    allow(deployed)
    deployed.succeed(*command)


INIT = ("init", "-n", "other", IMAGE)
FILES = ("init", "-n", "other", "-es", "deployed-before", IMAGE)
BUCKET = ("init", "-n", "other", "-es", "deployed-with-it", IMAGE)
SCRIPT = ("update", "-s", __file__, "deployed")
AGAIN = ("update", "-m", "640", "deployed")
CREATE = ("role", "create", "scar-lambda-other")
RM = ("rm", "deployed")


NEEDED: tuple[tuple[tuple[Argument, ...], str], ...] = (
    (RUN, "lambda:InvokeFunction"),
    (RUN, "lambda:GetFunctionConfiguration"),
    (RUN_FILES, "s3:ListBucket"),
    (("put", __file__, "deployed/refused/"), "s3:PutObject"),
    (PUT, "s3:ListBucket"),
    (LISTED, "s3:ListBucket"),
    (LOG, "logs:FilterLogEvents"),
    (("ls",), "lambda:ListFunctions"),
    (UPDATE, "lambda:GetFunction"),
    (AGAIN, "lambda:UpdateFunctionConfiguration"),
    (SCRIPT, "lambda:UpdateFunctionCode"),
    (INIT, "logs:DescribeLogGroups"),
    (INIT, "logs:CreateLogGroup"),
    (INIT, "logs:PutRetentionPolicy"),
    (INIT, "lambda:CreateFunction"),
    (RM, "logs:ListTagsForResource"),
    (FILES, "lambda:AddPermission"),
    (FILES, "s3:ListBucket"),
    (FILES, "s3:GetBucketNotification"),
    (FILES, "s3:PutBucketNotification"),
    (BUCKET, "s3:CreateBucket"),
    (BUCKET, "s3:PutObject"),
    (CREATE, "iam:GetRole"),
    (CREATE, "iam:CreateRole"),
    (CREATE, "iam:PutRolePolicy"),
    (("role", "create", "-es", "other"), "iam:GetRolePolicy"),
    (RM, "lambda:GetPolicy"),
    (RM, "lambda:DeleteFunction"),
    (RM, "logs:DeleteLogGroup"),
)
"""Commands, and an action that each cannot do without."""

BY_THEMSELVES = {"iam:SimulatePrincipalPolicy", "iam:UpdateAssumeRolePolicy", "s3:GetObject"}
"""Shown to be needed by tests of their own."""

COMPARED = {
    *("iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PassRole", "iam:TagRole"),
    *("lambda:DeleteFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig"),
    *("lambda:ListTags", "lambda:PutFunctionEventInvokeConfig", "lambda:RemovePermission"),
    *(
        "lambda:TagResource",
        "logs:TagResource",
        "s3:AbortMultipartUpload",
        "s3:DeleteBucket",
        "s3:DeleteObject",
    ),
}
"""Only compared with the code: MiniStack does not look at them, or they only take something back."""


def test_of_every_action_it_is_said_what_shows_that_it_is_needed() -> None:
    actions = {action for statement in json.loads(POLICY)["Statement"] for action in statement["Action"]}
    shown = {action for _, action in NEEDED} | BY_THEMSELVES
    assert shown | COMPARED == actions
    assert not shown & COMPARED
    text = (emulators.POLICIES / "verified.md").read_text().partition("\n## ")[0]
    assert f"{len(shown)} of its actions" in text
    assert [action for action in COMPARED if f"`{action}`" not in text] == []


@pytest.mark.parametrize(
    ("command", "action"),
    NEEDED,
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_less_is_not_and_the_action_is_named(
    deployed: Cloud, command: tuple[Argument, ...], action: str
) -> None:
    allow(deployed, but=action)
    ran = deployed.scar(*command)
    assert ran.status in (1, 125)
    assert action in ran.stderr


def test_doctor_says_that_it_may_not_ask(deployed: Cloud) -> None:
    allow(deployed)
    asked = deployed.scar("doctor").stdout.decode()
    assert "nobody could be asked" not in asked
    allow(deployed, but="iam:SimulatePrincipalPolicy")
    asked = deployed.scar("doctor").stdout.decode()
    assert "nobody could be asked" in asked
    assert "iam:SimulatePrincipalPolicy" in asked


def test_a_trust_that_somebody_has_changed_is_set_with_it_and_not_without(deployed: Cloud) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    deployed.account.client("iam").update_assume_role_policy(
        RoleName="scar-lambda-execute", PolicyDocument=json.dumps(trust)
    )
    allow(deployed, but="iam:UpdateAssumeRolePolicy")
    create = ("role", "create", "-es", "deployed")
    ran = deployed.scar(*create)
    assert ran.status == 1
    assert "iam:UpdateAssumeRolePolicy" in ran.stderr
    allow(deployed)
    deployed.succeed(*create)


def test_files_are_got_with_it_and_not_without(deployed: Cloud, tmp_path: Path) -> None:
    allow(deployed)
    deployed.succeed(*PUT)
    get = ("get", "deployed/elsewhere/", tmp_path)
    allow(deployed, but="s3:GetObject")
    ran = deployed.scar(*get)
    assert ran.status == 1
    assert "s3:GetObject" in ran.stderr
    allow(deployed)
    deployed.succeed(*get)
    assert (tmp_path / Path(__file__).name).read_bytes() == Path(__file__).read_bytes()


def test_a_wrong_secret_is_refused(deployed: Cloud) -> None:
    allow(deployed)
    wrong = deployed._replace(environment=deployed.environment | {"AWS_SECRET_ACCESS_KEY": "wrong"})
    ran = wrong.scar("ls")
    assert ran.status == 1
    assert "check the credentials" in ran.stderr
