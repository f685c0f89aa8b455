"""Private images: who deploys has logged in, the function has a secret, and the password shows nowhere."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from scar.local import cloud
from tests.e2e.conftest import IMAGE, Scar
from tests.private_registry import PASSWORD, USER, serving

_HIDDEN = (PASSWORD.encode(), b64encode(f"{USER}:{PASSWORD}".encode()))


@pytest.fixture(scope="module")
def private(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bytes, bytes]]:
    """The variables of a user who has logged in to a private registry, which has the images of all."""
    folder = tmp_path_factory.mktemp("private")
    with serving(folder) as url:
        auth = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        host = url.removeprefix("http://")
        (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        yield {b"SCAR_REGISTRY_MIRROR": url.encode(), b"DOCKER_CONFIG": bytes(folder)}


@pytest.fixture
def clients(local_cloud: cloud.LocalCloud) -> Iterator[Any]:
    """boto3's clients of the local cloud by the services' names."""
    made = {
        service: boto3.client(
            service,
            endpoint_url=local_cloud.endpoint,
            region_name=local_cloud.region,
            aws_access_key_id=local_cloud.access_key_id,
            aws_secret_access_key=local_cloud.secret_access_key,
        )
        for service in ("secretsmanager", "ssm", "lambda", "logs")
    }
    yield made
    for client in made.values():
        client.close()


def made_secret(clients: Any, service: str, text: str) -> str:
    """The ARN of what now holds the text."""
    if service == "secretsmanager":
        return str(clients[service].create_secret(Name=f"registry-{len(text)}", SecretString=text)["ARN"])
    name = f"/registry/{len(text)}"
    clients[service].put_parameter(Name=name, Value=text, Type="SecureString")
    return str(clients[service].get_parameter(Name=name)["Parameter"]["ARN"])


@pytest.mark.parametrize("service", ["secretsmanager", "ssm"])
def test_a_function_fetches_a_private_image_with_its_secret(
    scar: Scar, private: dict[bytes, bytes], clients: Any, service: str
) -> None:
    arn = made_secret(clients, service, json.dumps({"username": USER, "password": PASSWORD}))
    made = scar("init", "-v", "-n", "private", "--registry-secret", arn, IMAGE, env=private)
    assert made.status == 0, made.stderr
    ran = scar("run", "-v", "private", "/bin/sh", "-c", "env; cat /proc/*/cmdline /proc/self/environ")
    assert (ran.status, ran.json["image_pulled"]) == (0, True), ran.stderr
    listed = scar("ls", "-v")
    assert [one["registry_secret"] for one in listed.json if one["name"] == "private"] == [arn]
    log = scar("log", "private")
    configuration = repr(clients["lambda"].get_function(FunctionName="private")).encode()
    everything = (made.stdout, made.stderr.encode(), ran.stdout, listed.stdout, log.stdout, configuration)
    assert [text for text in everything if any(hidden in text for hidden in _HIDDEN)] == []
    assert scar("update", "--registry-secret", "", "private").status == 0
    refused = scar("run", "private")
    assert (refused.status, "--registry-secret" in refused.stderr) == (125, True)
    assert scar("rm", "private").status == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not JSON s3cret", "does not hold credentials"),
        ('["s3cret"]', "does not hold credentials"),
        ('{"username": "s3cret"}', "does not hold credentials"),
        ('{"username": "reader", "password": "s3cret"}', "refuses the credentials"),
    ],
)
def test_a_secret_that_is_none_is_told_without_what_is_in_it(
    scar: Scar, private: dict[bytes, bytes], clients: Any, text: str, said: str
) -> None:
    arn = made_secret(clients, "secretsmanager", text)
    assert scar("init", "-n", "wrong", "--registry-secret", arn, IMAGE, env=private).status == 0
    ran = scar("run", "wrong")
    assert (ran.status, said in ran.stderr) == (125, True), ran.stderr
    assert f"aws secretsmanager put-secret-value --secret-id {arn}" in ran.stderr
    assert b"s3cret" not in ran.stdout + ran.stderr.encode() + scar("log", "wrong").stdout
    assert scar("rm", "wrong").status == 0


def test_a_secret_that_is_missing_and_one_that_is_no_arn(scar: Scar, private: dict[bytes, bytes]) -> None:
    assert scar("init", "-n", "never", "--registry-secret", "hunter2", IMAGE, env=private).status == 2
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:nosuch-abcdef"
    assert scar("init", "-n", "never", "--registry-secret", arn, IMAGE, env=private).status == 0
    ran = scar("run", "never")
    assert (ran.status, "could not be read" in ran.stderr) == (125, True), ran.stderr
    assert "--registry-secret ARN NAME names another" in ran.stderr
    assert scar("rm", "never").status == 0
