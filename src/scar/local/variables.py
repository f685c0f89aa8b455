"""The environment variables of a function's process: Lambda's set, nothing of the host's.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

from typing import NamedTuple

from scar.local import limits
from scar.local.function import FunctionSpec
from scar.local.layout import Layout


class RoleCredentials(NamedTuple):
    """What the function's role was given by STS."""

    access_key_id: str
    secret_access_key: str
    session_token: str


class Addresses(NamedTuple):
    """Where one environment finds its surroundings."""

    cloud: str
    """URL of the local cloud."""
    runtime_api: str
    """HOST:PORT of the environment's Runtime API."""
    log_stream: str
    tmp: str
    """The folder that is its /tmp."""


def of_function(
    spec: FunctionSpec, layout: Layout, addresses: Addresses, credentials: RoleCredentials
) -> dict[str, str]:
    """The variables of one environment: a function may replace those that AWS does not reserve."""
    return {
        "AWS_ENDPOINT_URL": addresses.cloud,
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": layout.library_path,
        "PATH": layout.program_path,
        "PYTHONPATH": layout.runtime_dir,
        "TZ": ":UTC",
        **({} if addresses.tmp == limits.TMP else {"TMPDIR": addresses.tmp}),
        **dict(spec.environment),
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": addresses.log_stream,
        "AWS_LAMBDA_RUNTIME_API": addresses.runtime_api,
        "AWS_REGION": spec.region,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "LAMBDA_RUNTIME_DIR": layout.runtime_dir,
        "LAMBDA_TASK_ROOT": layout.task_root,
        "_HANDLER": spec.handler,
    }
