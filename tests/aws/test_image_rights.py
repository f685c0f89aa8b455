"""Where a function's image is not public, the role of ``scar role create`` is enough to get it; less is not.

MiniStack evaluates the role's policy (AUTH=true): each request that the function signs with its credentials.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.aws import private
from tests.aws.conftest import IMAGE, Argument, Cloud
from tests.saved import save

ROLE = "image-reader"
BUCKET = "image-store"
RUN = ("run", "pulls", "/bin/true")


@pytest.fixture
def user(guarded: Cloud, tmp_path: Path) -> Cloud:
    """One with a configuration of its own, into which ``role create`` writes."""
    home = tmp_path / "scar"
    home.mkdir()
    return guarded._replace(environment=guarded.environment | {"SCAR_HOME": str(home)})


@contextmanager
def function(user: Cloud, right: tuple[str, str], *init: Argument) -> Iterator[None]:
    """The function ``pulls``, whose role is made with one right."""
    user.succeed("role", "create", *right, ROLE)
    user.succeed("init", "-n", "pulls", *init)
    try:
        yield
    finally:
        user.succeed("rm", "pulls")


def _as_ministack_reads(policy: str) -> str:
    """A parameter may be asked for by its ARN: MiniStack then takes the ARN for its name, AWS does not."""
    return policy.replace(
        f'"{private.PARAMETER}"', f'"{private.PARAMETER.replace(private.NAME, private.PARAMETER)}"'
    )


def assert_needed(user: Cloud, sid: str, said: str, hint: str) -> None:
    """A call fails without the statement of the role's policy, and the next one succeeds with it."""
    iam = user.account.client("iam")
    whole: dict[str, Any] = iam.get_role_policy(RoleName=ROLE, PolicyName="scar")["PolicyDocument"]
    less = {**whole, "Statement": [one for one in whole["Statement"] if one["Sid"] != sid]}
    assert less != whole

    def allow(policy: dict[str, Any]) -> None:
        document = _as_ministack_reads(json.dumps(policy))
        iam.put_role_policy(RoleName=ROLE, PolicyName="scar", PolicyDocument=document)

    allow(less)
    refused = user.scar(*RUN)
    assert (refused.status, said in refused.stderr) == (125, True), refused.stderr
    assert f"hint: scar role create, with {hint}" in refused.stderr
    allow(whole)
    user.succeed(*RUN)


def test_an_image_in_a_bucket_is_read_with_it_and_not_without(user: Cloud, tmp_path: Path) -> None:
    user.account.client("s3").create_bucket(Bucket=BUCKET)
    file = save(user.environment["SCAR_REGISTRY_MIRROR"], IMAGE, "docker-archive", tmp_path / "image.tar")
    init = ("--package-bucket", BUCKET, "--image-file", file)
    with function(user, ("--package-bucket", BUCKET), *init):
        assert_needed(user, "ReadImages", f"s3://{BUCKET}/scar/images/blobs/", "--package-bucket BUCKET")


@pytest.mark.parametrize(("service", "sid"), [("secretsmanager", "ReadSecrets"), ("ssm", "ReadParameters")])
def test_a_secret_is_read_with_it_and_not_without(
    user: Cloud, tmp_path: Path, service: str, sid: str
) -> None:
    with private.logged_in(user, tmp_path / "docker") as member, private.secret(member, service) as arn:
        right = ("--registry-secret", arn)
        with function(member, right, *right, IMAGE):
            before = len(member.account.proxy.noted)
            assert_needed(member, sid, f"could not be read from {arn}", f"--registry-secret {arn}")
            read = [one for one in member.account.proxy.noted[before:] if one.call.service == service]
        assert [(one.call.operation, one.status < 300) for one in read] == [
            (private.READING[service], False),
            (private.READING[service], True),
        ], "once for each pull"
