"""The credentials for the image's registry, kept by AWS Secrets Manager or as a parameter of SSM.

The function's configuration holds the ARN alone. What is behind it is read when a registry asks for it, stays
in this process's memory for the pull, and is never written or logged.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from scar_oci.auth import Credentials
from scar_oci.errors import RegistryDenied

_TIMEOUT = 10
"""Seconds for a connection, and for an answer."""
_ATTEMPTS = 3


class Secret:
    """Given by its ARN. It is for the one registry that the image comes from."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def get(self, registry: str, /) -> Credentials:
        """The credentials, whatever the registry is called. Raises RegistryDenied."""
        del registry
        return self._credentials

    @functools.cached_property
    def _credentials(self) -> Credentials:
        renewal = f'with {{"username": "...", "password": "..."}} in FILE: {_command(self._arn)}'
        try:
            document = json.loads(self._text())
            return Credentials(_of(document, "username"), _of(document, "password"), renewal)
        except (ValueError, LookupError, TypeError):
            # The error's own text, and its cause, would show what was read.
            raise RegistryDenied(
                f"{self._arn} does not hold credentials for a registry", hint=renewal
            ) from None

    def _text(self) -> str:
        from boto3 import Session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        _, _, service, region, *_ = self._arn.split(":")
        config = Config(
            connect_timeout=_TIMEOUT,
            read_timeout=_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        client: Any = Session().client(service, region_name=region, config=config)  # type: ignore[call-overload]
        try:
            if service == "ssm":
                answer = client.get_parameter(Name=self._arn, WithDecryption=True)
                return str(answer["Parameter"]["Value"])
            return str(client.get_secret_value(SecretId=self._arn)["SecretString"])
        except (BotoCoreError, ClientError) as error:
            raise RegistryDenied(
                f"the credentials for the registry could not be read from {self._arn}: {error}",
                hint=_remedy(error, self._arn),
            ) from error
        finally:
            client.close()


def _of(document: dict[str, object], name: str) -> str:
    value = document[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _command(arn: str) -> str:
    """The one that puts another text there. It is read from a file: others can see a command's arguments."""
    _, parameter, name = arn.partition(":parameter/")
    if parameter:
        name = f"/{name}" if "/" in name else name
        return f"aws ssm put-parameter --overwrite --type SecureString --name {name} --value file://FILE"
    return f"aws secretsmanager put-secret-value --secret-id {arn} --secret-string file://FILE"


def _remedy(error: Exception, arn: str) -> str:
    """What helps, where it is known."""
    code = str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
    if code in ("ResourceNotFoundException", "ParameterNotFound"):
        return "scar update --registry-secret ARN NAME names another"
    if not code.startswith("AccessDenied"):
        return ""
    if "kms" in str(error).lower():
        return "permit kms:Decrypt in the policies of the role and of the key"
    return f"scar role create, with --registry-secret {arn} and what else the role is for, permits that"
