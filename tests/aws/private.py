"""A registry that wants credentials, a user who has them, and secrets of AWS that hold them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import private_registry
from tests.aws.conftest import Cloud
from tests.private_registry import PASSWORD, USER

TEXT = json.dumps({"username": USER, "password": PASSWORD})
NAME = "registry"
PARAMETER = f"arn:aws:ssm:us-east-1:123456789012:parameter/{NAME}"
READING = {"secretsmanager": "GetSecretValue", "ssm": "GetParameter"}
"""The call by which a function reads a secret, by the service that keeps it."""


@contextmanager
def logged_in(cloud: Cloud, folder: Path) -> Iterator[Cloud]:
    """The user with a private registry, which has the images of all, in place of Docker Hub."""
    folder.mkdir()
    with private_registry.serving(folder) as url:
        login = {"auth": b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
        document = {"auths": {url.removeprefix("http://"): login}}
        (folder / "config.json").write_text(json.dumps(document))
        own = {"SCAR_REGISTRY_MIRROR": url, "DOCKER_CONFIG": str(folder)}
        yield cloud._replace(environment=cloud.environment | own)


@contextmanager
def secret(cloud: Cloud, service: str) -> Iterator[str]:
    """ARN of a new secret that holds the credentials, until the context ends."""
    client = cloud.account.client(service)
    if service == "secretsmanager":
        yield client.create_secret(Name=NAME, SecretString=TEXT)["ARN"]
        client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
    else:
        client.put_parameter(Name=f"/{NAME}", Value=TEXT, Type="SecureString")
        yield PARAMETER
        client.delete_parameter(Name=f"/{NAME}")
