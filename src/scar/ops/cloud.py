"""Which cloud a command works on: AWS, or the one on this machine. All that follows is the same for both."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

from scar import limits
from scar.aws.session import Aws, Endpoint
from scar.config import Config
from scar.ops.talk import Talk
from scar.ops.where import Where

_ARM_MACHINES = ("aarch64", "arm64")


@dataclass(frozen=True)
class Cloud:
    """An account in a region."""

    aws: Aws
    role: str = ""
    """ARN of the role for functions where the cloud has one of its own; AWS has none."""


def connect(where: Where, config: Config, talk: Talk) -> Cloud:
    """The cloud to work on; the local one is started if it does not run. Raises ScarError."""
    if where.local:
        return _local(where, talk)
    return Cloud(Aws(_region(where, config), profile=where.profile))


def architecture(where: Where) -> str:
    """The architecture of new functions: this machine's where they run on it."""
    return "arm64" if where.local and platform.machine() in _ARM_MACHINES else "x86_64"


def _region(where: Where, config: Config) -> str:
    """The command line's, else that of AWS's own variables, else the configuration's."""
    if where.region:
        return limits.region(where.region, "--region")
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if os.environ.get(variable):
            return limits.region(os.environ[variable], variable)
    return config.lambda_region


def _local(where: Where, talk: Talk) -> Cloud:
    """What this machine cannot do as AWS does is said when the cloud starts, and not again."""
    from scar.local import cloud  # parts of an extra: only if used

    running = cloud.status()
    if running is None:
        talk.say("start the local cloud")
        running = cloud.start()
        for line in running.limitations:
            talk.warn(line)
    endpoint = Endpoint(running.endpoint, running.access_key_id, running.secret_access_key)
    region = limits.region(where.region, "--region") if where.region else running.region
    return Cloud(Aws(region, endpoint=endpoint), role=running.role_arn)
