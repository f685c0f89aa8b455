"""`scar role create` against moto: the role, its limits, and the line in the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scar import config
from scar.ops import policy
from scar.ops.policy import Scope
from tests.cli.support import ROLE, TRUST, Account, Scar

ARN = "arn:aws:iam::123456789012:role/scar-lambda-execute"


def policy_of(account: Account, role: str) -> policy.Document:
    document: policy.Document = account.iam.get_role_policy(RoleName=role, PolicyName="scar")[
        "PolicyDocument"
    ]
    return document


def roles(account: Account) -> list[str]:
    return [one["RoleName"] for one in account.iam.list_roles()["Roles"]]


def test_makes_the_role_and_writes_it_down(scar: Scar, account: Account, home: Path) -> None:
    ran = scar("role", "create", "-es", "pictures")
    assert (ran.status, ran.out) == (0, f"Role: {ARN}\n"), ran.stderr
    role = account.iam.get_role(RoleName="scar-lambda-execute")["Role"]
    assert role["AssumeRolePolicyDocument"] == policy.trust() == TRUST
    assert role["Tags"] == [{"Key": "createdby", "Value": "scar"}]
    scope = Scope(account="123456789012", buckets=("pictures",))
    assert policy_of(account, "scar-lambda-execute") == policy.function(scope)
    assert config.load().lambda_role == ARN
    assert scar("init", "-n", "cowsay", "grycap/cowsay").status == 0
    assert account.configuration("cowsay")["Role"] == ARN


def test_keeps_the_users_lines(scar: Scar, account: Account, home: Path) -> None:
    file = home / "scar.cfg"
    file.write_text(f"# mine\n[scar]\nlambda_memory = 512\nLambda_Role: {ROLE}\n# the end\n")
    file.chmod(0o640)
    assert scar("role", "create", "mine").status == 0
    role = "arn:aws:iam::123456789012:role/mine"
    assert file.read_text() == f"# mine\n[scar]\nlambda_memory = 512\nlambda_role = {role}\n# the end\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []


def test_dry_run_makes_nothing(scar: Scar, account: Account, home: Path) -> None:
    before = (home / "scar.cfg").read_text()
    plan = scar("role", "create", "--dry-run", "--json").json["plan"]
    assert roles(account) == ["scar"]
    assert (home / "scar.cfg").read_text() == before
    assert scar("role", "create", "--json").json["steps"] == plan
    assert len(plan) == 3


def test_changes_its_own_role(scar: Scar, account: Account) -> None:
    scar("role", "create", "-es", "pictures")
    account.iam.update_assume_role_policy(
        RoleName="scar-lambda-execute", PolicyDocument=json.dumps(TRUST).replace("lambda", "ec2")
    )
    options = ["-es", "music", "--function", "cow", "--on-failure", "s3://failed"]
    ran = scar("role", "create", "--json", *options)
    assert ran.json["role"] == ARN
    assert len(ran.json["steps"]) == 3
    assert policy_of(account, "scar-lambda-execute") == ran.json["policy"]
    assert "music" in json.dumps(ran.json["policy"])
    assert "arn:aws:s3:::failed/*" in json.dumps(ran.json["policy"])
    assert "pictures" not in json.dumps(ran.json["policy"])
    role = account.iam.get_role(RoleName="scar-lambda-execute")["Role"]
    assert role["AssumeRolePolicyDocument"] == TRUST


def test_leaves_a_role_of_somebody_else(scar: Scar, account: Account, home: Path) -> None:
    before = (home / "scar.cfg").read_text()
    ran = scar("role", "create", "scar")
    assert (ran.status, ran.stdout) == (1, b"")
    assert "role scar exists already, and was not made by SCAR" in ran.stderr
    assert account.iam.list_role_policies(RoleName="scar")["PolicyNames"] == []
    assert (home / "scar.cfg").read_text() == before


def make_unwritable(file: Path) -> None:
    """Put a link in its place, to a folder whose path is too long for other names: root writes anywhere."""
    folder = file.parent
    while len(str(folder)) < 4080:
        folder /= "x" * min(200, 4080 - len(str(folder)))
    folder.mkdir(parents=True)
    file.rename(folder / "f")
    file.symlink_to(folder / "f")


@pytest.fixture
def unwritable(account: Account, home: Path) -> Path:
    """The configuration, which can be read and not be written."""
    file = home / "scar.cfg"
    make_unwritable(file)
    return file


def test_undoes_the_role_if_the_configuration_cannot_be_written(
    scar: Scar, account: Account, unwritable: Path
) -> None:
    ran = scar("role", "create")
    assert (ran.status, ran.stdout) == (1, b"")
    assert f"{unwritable}: cannot be written: File name too long" in ran.stderr
    assert "undone: policy scar of role scar-lambda-execute, role scar-lambda-execute" in ran.stderr
    assert f"hint: the line would be: lambda_role = {ARN}" in ran.stderr
    assert roles(account) == ["scar"]
    assert unwritable.read_text() == f"lambda_role = {ROLE}\n"


def test_puts_back_what_its_own_role_was(scar: Scar, account: Account, home: Path) -> None:
    assert scar("role", "create", "-es", "pictures").status == 0
    before = policy_of(account, "scar-lambda-execute")
    make_unwritable(home / "scar.cfg")
    assert scar("role", "create", "-es", "music").status == 1
    assert policy_of(account, "scar-lambda-execute") == before


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["a/b"], "NAME: not the name of a role: 'a/b'"),
        (["a" * 65], "NAME: not the name of a role"),
        (["-es", "s3://x"], "-es/--event-source: not the name of a bucket"),
        (["--function", "a:b"], "--function: a function's name has only"),
    ],
)
def test_bad_input_makes_nothing(scar: Scar, account: Account, argv: list[str], said: str) -> None:
    ran = scar("role", "create", *argv)
    assert (ran.status, ran.stdout) == (2, b"")
    assert said in ran.stderr
    assert roles(account) == ["scar"]
