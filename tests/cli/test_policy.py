"""The policies: as the documents have them, and enough for all that SCAR calls, and no more."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from scar.ops import policy, role
from scar.ops.policy import Scope
from tests.cli.support import Scar

ROOT = Path(__file__).resolve().parents[2]
AWS = ROOT / "src" / "scar" / "aws"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:failed"
SCOPE = Scope(buckets=("BUCKET",), role=role.NAME)

CLIENTS = {
    "LambdaClient": "lambda",
    "S3Client": "s3",
    "CloudWatchLogsClient": "logs",
    "IAMClient": "iam",
    "STSClient": "sts",
    "SQSClient": "sqs",
}

OTHER_ACTIONS = {
    # Operations whose actions have other names, or that take more than one, from the service authorization
    # reference. Of what CreateFunction takes for a package in a bucket, the caller needs s3:GetObject.
    "lambda:CreateFunction": {"lambda:CreateFunction", "lambda:TagResource", "iam:PassRole"},
    "lambda:GetFunction": {"lambda:GetFunction", "lambda:ListTags"},  # without it, the answer has no tags
    "lambda:Invoke": {"lambda:InvokeFunction"},
    "logs:CreateLogGroup": {"logs:CreateLogGroup", "logs:TagResource"},
    "s3:HeadBucket": {"s3:ListBucket"},
    "s3:HeadObject": {"s3:GetObject"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:CreateMultipartUpload": {"s3:PutObject"},
    "s3:UploadPart": {"s3:PutObject"},
    "s3:CompleteMultipartUpload": {"s3:PutObject"},
    "s3:GetBucketNotificationConfiguration": {"s3:GetBucketNotification"},
    "s3:PutBucketNotificationConfiguration": {"s3:PutBucketNotification"},
    "iam:CreateRole": {"iam:CreateRole", "iam:TagRole"},
    "sts:GetCallerIdentity": set(),  # nobody needs a permission for it
}

MANAGED = {
    # What s3transfer calls for each of its manager's methods, told size and ETag of what it downloads.
    "upload": (
        "s3:PutObject",
        "s3:CreateMultipartUpload",
        "s3:UploadPart",
        "s3:CompleteMultipartUpload",
        "s3:AbortMultipartUpload",
    ),
    "download": ("s3:GetObject",),
}


def actions(document: policy.Document) -> set[str]:
    return {action for statement in document["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize(
    ("file", "document"),
    [
        ("lambda-execute-role.json", policy.function(SCOPE)),
        ("deployer-policy.json", policy.deployer(SCOPE)),
        ("lambda-trust-policy.json", policy.trust()),
    ],
)
def test_the_documents_are_the_codes(file: str, document: policy.Document) -> None:
    assert json.loads((ROOT / "docs" / "aws" / file).read_text()) == document


def test_the_deployer_may_do_what_scar_calls_and_no_more() -> None:
    needed: set[str] = set()
    for operation in operations():
        needed |= OTHER_ACTIONS.get(operation, {operation})
    allowed = actions(policy.deployer(replace(SCOPE, destinations=(QUEUE, "arn:aws:s3:::failed"))))
    assert (sorted(needed - allowed), sorted(allowed - needed)) == ([], [])


def test_the_function_may_do_what_it_calls_and_no_more() -> None:
    """What boto3's transfers call beside these needs no other action: HeadObject, and parts of an upload."""
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse((ROOT / "src" / "scar_supervisor" / "staging.py").read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) in ("client", "self._client")
    }
    assert calls == {"download_fileobj", "get_object", "put_object", "upload_file"}
    by_lambda = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert actions(policy.function(SCOPE)) == by_lambda | {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "s3:AbortMultipartUpload",
    }


def operations() -> Iterator[str]:
    """Every operation that the modules of scar.aws call, as ``service:Operation``."""
    for path in AWS.glob("*.py"):
        source = path.read_text()
        found = [service for name, service in CLIENTS.items() if f"import {name}" in source]
        if found:
            (service,) = found
            yield from _operations(ast.parse(source), service)


def _operations(tree: ast.AST, service: str) -> Iterator[str]:
    make: Callable[..., Any] = boto3.Session("x", "x", region_name="us-east-1").client
    client = make(service)
    names: dict[str, str] = client.meta.method_to_api_mapping
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._client":
            if node.attr in ("get_paginator", "get_waiter", "close", "meta"):
                continue
            yield f"{service}:{names[node.attr]}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._manager":
            yield from MANAGED.get(node.attr, ())
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "self._client.get_paginator":
            yield f"{service}:{names[_text(node.args[0])]}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "self._client.get_waiter":
            yield f"{service}:{_waiters_operation(client, _text(node.args[0]))}"
    client.close()


def _waiters_operation(client: Any, name: str) -> str:
    waiters = client._get_waiter_config()["waiters"]
    by_name = {key.lower(): waiter for key, waiter in waiters.items()}
    return str(by_name[name.replace("_", "")]["operation"])


def _text(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant)
    return str(node.value)


def test_policies_are_limited_to_what_is_named() -> None:
    scope = Scope("aws-cn", "123456789012", ("cow", "scar-*"), ("pictures",), role="mine")
    first, second, third = policy.function(scope)["Statement"]
    group = "arn:aws-cn:logs:*:123456789012:log-group:/aws/lambda/"
    assert first["Resource"] == [f"{group}cow", f"{group}cow:*", f"{group}scar-*"]
    assert second["Resource"] == ["arn:aws-cn:s3:::pictures/input/*"]
    assert third["Resource"] == ["arn:aws-cn:s3:::pictures/output/*"]
    resources = {one["Sid"]: one["Resource"] for one in policy.deployer(scope)["Statement"]}
    assert resources["ManageFunctions"] == [
        "arn:aws-cn:lambda:*:123456789012:function:cow",
        "arn:aws-cn:lambda:*:123456789012:function:scar-*",
    ]
    assert resources["ManageLogs"] == first["Resource"]
    assert resources["PassTheRole"] == ["arn:aws-cn:iam::123456789012:role/mine"]
    assert "s3:" not in json.dumps(policy.function(Scope()))
    assert "s3:" not in json.dumps(policy.deployer(Scope()))


def test_destinations() -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:failed"
    scope = Scope(destinations=("arn:aws:s3:::failed", QUEUE, topic))
    allowed = [
        (statement["Action"], statement["Resource"]) for statement in policy.function(scope)["Statement"][1:]
    ]
    assert allowed == [
        (["s3:ListBucket"], ["arn:aws:s3:::failed"]),
        (["s3:PutObject"], ["arn:aws:s3:::failed/*"]),
        (["sqs:SendMessage"], [QUEUE]),
        (["sns:Publish"], [topic]),
    ]
    resources = {one["Sid"]: one["Resource"] for one in policy.deployer(scope)["Statement"]}
    assert resources["RetryFailures"] == ["arn:aws:s3:::failed/aws/lambda/async/*/*"]
    assert resources["RetryMessages"] == [QUEUE]
    sids = [statement["Sid"] for statement in policy.function(scope)["Statement"]]
    assert len(set(sids)) == len(sids)


def test_a_bucket_for_packages(scar: Scar) -> None:
    ran = scar("role", "policy", "--json", "--package-bucket", "packages")
    statements = {one["Sid"]: one for one in ran.json["deployer"]["Statement"]}
    assert statements["UploadPackages"]["Resource"] == ["arn:aws:s3:::packages/scar/*"]
    [read] = [one for one in ran.json["function"]["Statement"] if one["Sid"] == "ReadImages"]
    assert (read["Action"], read["Resource"]) == (["s3:GetObject"], ["arn:aws:s3:::packages/scar/images/*"])
    assert json.dumps(ran.json["function"]).count("packages") == 1


def test_command(scar: Scar) -> None:
    everything = scar("role", "policy", "--json", "-es", "pictures", "--function", "cow").json
    assert list(everything) == ["function", "deployer", "trust"]
    for which, document in everything.items():
        options = ["-es", "pictures", "--function", "cow"]
        assert scar("role", "policy", which, *options).json == document
    plain = scar("role", "policy").out
    assert plain.count('"Version": "2012-10-17"') == 3
    assert plain.startswith("What a function needs")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["-es", "No"], "-es/--event-source: not the name of a bucket: 'No'"),
        (["--function", "a b"], "--function: a function's name has only letters"),
        (["--role", "a b"], "not the name of a role: 'a b'"),
        (["--on-failure", "queue"], "--on-failure: not a destination: 'queue'"),
        (["everything"], "'everything' is not one of"),
    ],
)
def test_bad_input(scar: Scar, argv: list[str], said: str) -> None:
    ran = scar("role", "policy", *argv)
    assert (ran.status, ran.stdout) == (2, b"")
    assert said in ran.stderr


def test_secrets_are_read_by_the_function_alone_and_one_by_one(scar: Scar) -> None:
    arns = [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:registry-Ab12Cd",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/registry/key",
    ]
    options = [word for arn in arns for word in ("--registry-secret", arn)]
    policies = scar("role", "policy", "--json", *options).json
    statements = {one["Sid"]: (one["Action"], one["Resource"]) for one in policies["function"]["Statement"]}
    assert statements["ReadSecrets"] == (["secretsmanager:GetSecretValue"], [arns[0]])
    assert statements["ReadParameters"] == (["ssm:GetParameter"], [arns[1]])
    assert "registry" not in json.dumps(policies["deployer"])
    refused = scar("role", "policy", "--registry-secret", "hunter2")
    assert (refused.status, "hunter2" in refused.stderr) == (2, False)
