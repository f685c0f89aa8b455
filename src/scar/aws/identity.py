"""Whose the credentials are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scar.aws.errors import request

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True)
class Identity:
    """A user, a role that was assumed, or the account itself."""

    account: str
    """Twelve digits."""
    arn: str

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return self.arn.split(":")[1]

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")

    @property
    def assumed_role(self) -> str:
        """The name of the role behind a session's ARN, ``arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION``.

        Empty for others. The role's path is not in it.
        """
        kind, _, rest = self.arn.split(":")[5].partition("/")
        return rest.partition("/")[0] if kind == "assumed-role" else ""


class Caller:
    """The one who calls, as STS knows it."""

    def __init__(self, client: STSClient) -> None:
        self._client = client

    def identity(self) -> Identity:
        """Nobody can be forbidden to ask this. Raises BadCredentials."""
        with request("ask AWS whose these credentials are"):
            answer = self._client.get_caller_identity()
        return Identity(answer["Account"], answer["Arn"])
