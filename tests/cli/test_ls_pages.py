"""`scar ls` where there are many functions: every page, SCAR's functions only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scar_supervisor import contract
from tests.cli import aws_server
from tests.cli.aws_server import Reply, Request
from tests.cli.support import Scar

PAGE = 50
"""Functions in an answer of ListFunctions, as of AWS."""

SCARS = [f"cow-{number:03}" for number in range(120)]


def function(name: str, handler: str = contract.HANDLER) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}",
        "Handler": handler,
        "Runtime": "python3.13",
        "MemorySize": 256,
        "Timeout": 60,
        "EphemeralStorage": {"Size": 1024},
        "Architectures": ["arm64"],
        "Role": "arn:aws:iam::123456789012:role/scar",
        "Environment": {
            "Variables": {
                contract.ENV_IMAGE: "grycap/cowsay",
                contract.ENV_IMAGE_DIGEST: f"sha256:{'0' * 64}",
                f"{contract.ENV_USER_PREFIX}LANG": "C",
                f"{contract.ENV_USER_PREFIX}DB": "postgres://ann:hunter2@db/cows",
                f"{contract.ENV_USER_PREFIX}DB_PASSWORD": "hunter2",
                f"{contract.ENV_USER_PREFIX}URL": "https://b.example/k?X-Amz-Signature=hunter2",
            }
        },
    }


ALL = [
    *map(function, reversed(SCARS)),
    *(function(f"another-{number}", "theirs.handler") for number in range(40)),
]


def respond(request: Request) -> Reply:
    assert request.path.startswith("/2015-03-31/functions"), request
    start = int(request.parameters.get("Marker", "0"))
    page: dict[str, Any] = {"Functions": ALL[start : start + PAGE]}
    if start + PAGE < len(ALL):
        page["NextMarker"] = str(start + PAGE)
    return Reply.of(page)


@pytest.fixture
def many(home: Path, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with aws_server.serving(respond) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield


def test_every_page(scar: Scar, many: None) -> None:
    ran = scar("ls", "--region", "eu-west-1")
    assert [line.split()[0] for line in ran.out.splitlines()[2:]] == SCARS
    assert (ran.status, ran.stderr) == (0, "scar: functions in eu-west-1:\n")
    ran = scar("ls", "--json", "--region", "eu-west-1")
    assert [one["name"] for one in ran.json] == SCARS
    assert {one["region"] for one in ran.json} == {"eu-west-1"}
    assert ran.stderr == ""


def test_verbose(scar: Scar, many: None) -> None:
    ran = scar("ls", "-v")
    assert ran.json[0] == {
        "name": "cow-000",
        "memory": 256,
        "time": 60,
        "image_id": "grycap/cowsay",
        "exec_mode": "F1",
        "region": "us-east-1",
        "arn": "arn:aws:lambda:eu-west-1:123456789012:function:cow-000",
        "description": "",
        "image_digest": f"sha256:{'0' * 64}",
        "image_source": None,
        "registry_secret": None,
        "runtime": "python3.13",
        "architecture": "arm64",
        "storage": 1024,
        "role": "arn:aws:iam::123456789012:role/scar",
        "package_size": 0,
        "last_modified": "",
        "variables": {"LANG": "C", "DB": "(hidden)", "DB_PASSWORD": "(hidden)", "URL": "(hidden)"},
    }
    assert "hunter2" not in ran.out
