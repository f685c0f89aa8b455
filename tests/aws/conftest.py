"""Accounts of both emulators, and the command line with their credentials, without ``--local``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.aws import emulators
from tests.aws.copying import COPY
from tests.aws.emulators import Account
from tests.aws.wire import ApiCall

SCAR = Path(sys.executable).with_name("scar")
IMAGE = "grycap/cowsay"
ROLE = "made-by-scar"


_READING = re.compile("(Get|Head|List|Describe|Filter)[A-Z]")


class Ran(NamedTuple):
    """What one command line gave."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


Argument = str | Path


class Cloud(NamedTuple):
    """An account, and the command line of a user who has its credentials."""

    name: str
    """Of the fixture."""
    account: Account
    role: str
    """ARN of the role for the user's functions."""
    environment: dict[str, str]

    def scar(self, *args: Argument) -> Ran:
        """Run ``scar ARG...``, whatever its exit status."""
        done = subprocess.run(
            [SCAR, *args],
            capture_output=True,
            check=False,
            timeout=120,
            env=self.environment,
            stdin=subprocess.DEVNULL,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    def changes(self, do: Callable[[], object]) -> list[ApiCall]:
        """The calls of the command line that change something, and succeed, while something is done."""
        before = len(self.account.proxy.noted)
        do()
        return [
            one.call
            for one in self.account.proxy.noted[before:]
            if one.by_scar and one.status < 300 and not _READING.match(one.call.operation)
        ]

    def succeed(self, *args: Argument) -> Ran:
        """Run ``scar ARG...``, which must end with 0."""
        ran = self.scar(*args)
        assert ran.status == 0, ran.stderr
        return ran


def user_of(name: str, account: Account, home: Path, registry: str) -> Cloud:
    """A user of the account with a new home of SCAR's, whose functions have a role named ``scar``."""
    home.mkdir(exist_ok=True)
    role = account.make_role("scar")
    (home / "scar.cfg").write_text(f"lambda_role = {role}\n")
    environment = dict(os.environ) | account.variables
    return Cloud(
        name, account, role, environment | {"SCAR_HOME": str(home), "SCAR_REGISTRY_MIRROR": registry}
    )


@pytest.fixture(scope="session")
def moto(registry: str, kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    home = tmp_path_factory.mktemp("moto")
    with emulators.moto(home) as account:
        yield user_of("moto", account, home, registry)


@pytest.fixture(scope="session")
def ministack(registry: str, kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("ministack")
    with emulators.mini(folder) as account:
        yield user_of("ministack", account, folder / "scar", registry)


@pytest.fixture(scope="session")
def guarded(registry: str, kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A MiniStack that evaluates policies, with a function ``copy`` of the bucket ``private``.

    The function's role is the one that SCAR makes. The user is the account's root, who may do everything.
    """
    folder = tmp_path_factory.mktemp("guarded")
    with emulators.mini(folder, auth=True) as account:
        user = user_of("guarded", account, folder / "scar", registry)
        script = folder / "copy.sh"
        script.write_text(COPY)
        user.succeed("role", "create", "-es", "private", ROLE)
        user.succeed("init", "-n", "copy", "-s", script, "-es", "private", IMAGE)
        yield user
        user.succeed("rm", "copy")


@pytest.fixture(scope="session", params=["moto", "ministack"])
def cloud(request: pytest.FixtureRequest) -> Cloud:
    """Each of the two in turn."""
    chosen: Cloud = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Write a script; its path."""

    def write(text: str) -> Path:
        path = tmp_path / "script.sh"
        path.write_text(text)
        return path

    return write
