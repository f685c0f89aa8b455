"""From where and whose to clients: the one place that makes boto3 sessions."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from scar.aws.buckets import Buckets
from scar.aws.errors import request
from scar.aws.functions import Functions
from scar.aws.iam import Roles
from scar.aws.identity import Caller
from scar.aws.logs import LogGroups
from scar.aws.queues import Queues
from scar.aws.transfers import Transfers
from scar.version import VERSION

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from botocore.session import Session

CONNECT_SECONDS = 10
ATTEMPTS = 6
"""Of every request but Invoke and transfers: botocore waits out throttling and passing faults."""
TRANSFER_ATTEMPTS = 3
"""Of every request of a transfer."""

ANSWER_MARGIN_SECONDS = 60
"""How much longer than the function's time-out the answer of a call is waited for: the start of an
environment (10 s, and again inside the first call) and the way of 6 MB."""


@dataclass(frozen=True)
class Endpoint:
    """A cloud that is not AWS: its address, and credentials that are good for nothing else."""

    url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


class Aws:
    """The services of one account in one region. Nothing is imported or sent before it is used."""

    def __init__(self, region: str, *, profile: str | None = None, endpoint: Endpoint | None = None) -> None:
        self.region = region
        self._profile = profile
        self._endpoint = endpoint

    @cached_property
    def functions(self) -> Functions:
        return Functions(self._session.client("lambda", endpoint_url=self._url, config=self._config()))

    @cached_property
    def buckets(self) -> Buckets:
        return Buckets(self._session.client("s3", endpoint_url=self._url, config=self._config()), self.region)

    def transfers(self, at_once: int, part_bytes: int) -> Transfers:
        """Uploads or downloads with no more than so many requests in flight, each of so much of a file.

        Few attempts: S3 says 503 to many requests at once, which botocore soon has no more patience for
        (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html). The caller has.
        """
        from botocore.config import Config

        config = self._config().merge(
            Config(
                max_pool_connections=at_once,
                retries={"mode": "standard", "total_max_attempts": TRANSFER_ATTEMPTS},
            )
        )
        client = self._session.client("s3", endpoint_url=self._url, config=config)
        return Transfers(client, at_once, part_bytes)

    def in_region(self, region: str) -> Aws:
        """The same account, seen from another region."""
        if region == self.region:
            return self
        return Aws(region, profile=self._profile, endpoint=self._endpoint)

    @cached_property
    def logs(self) -> LogGroups:
        return LogGroups(self._session.client("logs", endpoint_url=self._url, config=self._config()))

    @cached_property
    def queues(self) -> Queues:
        return Queues(self._session.client("sqs", endpoint_url=self._url, config=self._config()))

    @cached_property
    def roles(self) -> Roles:
        return Roles(self._session.client("iam", endpoint_url=self._url, config=self._config()))

    @cached_property
    def caller(self) -> Caller:
        return Caller(self._session.client("sts", endpoint_url=self._url, config=self._config()))

    @property
    def host(self) -> str:
        """Where requests about functions go: AWS's own, or what stands for it; nobody is asked."""
        return self.functions.host

    def knows_region(self) -> bool:
        """Whether the region is one with AWS Lambda, as far as this boto3 knows; nobody is asked."""
        session = self._session
        return any(
            self.region in session.get_available_regions("lambda", partition_name=partition)
            for partition in session.get_available_partitions()
        )

    def calls(self, function_seconds: int, *, at_once: int = 1) -> Functions:
        """Functions, for Invoke alone: one attempt, and patience for a function with this time-out.

        ``at_once`` says how many threads will call: each has a connection of its own.

        A retry would run the function again, as a function that is slow to answer is not one that failed.
        """
        config = self._config().merge(_invoke_config(function_seconds + ANSWER_MARGIN_SECONDS, at_once))
        return Functions(self._session.client("lambda", endpoint_url=self._url, config=config))

    @cached_property
    def _session(self) -> boto3.Session:
        import boto3  # 0.4 s of CPU: only when AWS is called

        with request("use these AWS credentials"):
            if self._endpoint is None:
                return boto3.Session(profile_name=self._profile, region_name=self.region)
            return boto3.Session(
                botocore_session=_session_without_files(),
                aws_access_key_id=self._endpoint.access_key_id,
                aws_secret_access_key=self._endpoint.secret_access_key,
                region_name=self.region,
            )

    @property
    def _url(self) -> str | None:
        return None if self._endpoint is None else self._endpoint.url

    def _config(self) -> Config:
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            user_agent_extra=f"scar/{VERSION}",
        )
        if self._endpoint is None:
            return config
        # A proxy of the user's network cannot reach this machine's loopback; buckets have no host names here.
        return config.merge(Config(proxies={}, s3={"addressing_style": "path"}))


def _invoke_config(read_seconds: int, connections: int) -> Config:
    from botocore.config import Config

    return Config(
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1},
        max_pool_connections=connections,
        tcp_keepalive=True,  # or a NAT gateway forgets a connection that is silent for 350 s
    )


def _session_without_files() -> Session:
    """A botocore session that knows nothing of the user's profiles and files, nor of AWS_PROFILE."""
    import botocore.session

    return botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
