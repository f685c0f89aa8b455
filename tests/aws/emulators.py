"""The two emulators as accounts of AWS: an endpoint, credentials, a role for functions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3

from tests.aws import gaps, proxy
from tests.aws.proxy import Proxy
from tests.local.support import running
from tools import ministack

POLICIES = Path(__file__).resolve().parents[2] / "docs" / "aws"
REGION = "us-east-1"


class Account:
    """An account that an emulator has, behind a proxy that notes what it is asked."""

    def __init__(self, proxy: Proxy, access_key_id: str, secret_access_key: str) -> None:
        self.proxy = proxy
        proxy.secrets[access_key_id] = secret_access_key
        self._session = boto3.Session(access_key_id, secret_access_key, region_name=REGION)
        self._clients: dict[str, Any] = {}
        self.variables = {
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_ACCESS_KEY_ID": access_key_id,
            "AWS_SECRET_ACCESS_KEY": secret_access_key,
            "AWS_REGION": REGION,
        }
        """What makes the command line take it for AWS."""

    def client(self, service: str) -> Any:
        """boto3's, as an administrator of the account."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self.proxy.url)  # type: ignore[call-overload]
        return self._clients[service]

    def make_role(self, name: str) -> str:
        """ARN of a new role that Lambda may assume."""
        trust = (POLICIES / "lambda-trust-policy.json").read_text()
        arn: str = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"][
            "Arn"
        ]
        return arn

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@contextmanager
def moto(home: Path) -> Iterator[Account]:
    """The local cloud, of a SCAR home of its own, used as if it were AWS."""
    with running(home) as local_cloud, proxy.serving() as front:
        front.emulator = local_cloud.endpoint
        account = Account(front, "AKIDEMULATED", "secret")
        try:
            yield account
        finally:
            account.close()


@contextmanager
def mini(folder: Path, *, auth: bool = False) -> Iterator[Account]:
    """MiniStack, with its `gaps` filled."""
    with proxy.serving() as front, ministack.serving(folder, auth=auth, endpoint=front.url) as front.emulator:
        account = Account(front, ministack.ACCOUNT, "test")
        front.on_the_way = partial(gaps.on_the_way, account.client("s3"))
        front.on_the_way_back = gaps.on_the_way_back
        try:
            yield account
        finally:
            account.close()
