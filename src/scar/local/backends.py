"""The parts of moto that the local Lambda itself uses, without HTTP: logs, STS, queues and buckets."""

from __future__ import annotations

import logging
import threading

from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from scar.local.function import FunctionSpec
from scar.local.variables import RoleCredentials

ROLE_NAME = "scar-local"
_TRUST_LAMBDA = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
_HOUR = 3600
_PACKAGES = "awslambda-tasks"
_OF_LAMBDA = ("000000000000", "aws")
"""Account and partition: a bucket of AWS's own is in nobody's list of buckets."""
_PACKAGES_LOCK = threading.Lock()
_LOG = logging.getLogger(__name__)


def make_role(account_id: str, region: str) -> str:
    """Make the role that functions get if the user names none; its ARN."""
    role = iam_backends[account_id][get_partition(region)].create_role(
        role_name=ROLE_NAME,
        assume_role_policy_document=_TRUST_LAMBDA,
        path="/",
        permissions_boundary=None,
        description="Role of functions in SCAR's local cloud",
        tags=[],
        max_session_duration=str(_HOUR),
    )
    return str(role.arn)


def assume_role(spec: FunctionSpec) -> RoleCredentials:
    """The credentials of a function's process, in a session named as Lambda names it."""
    session = sts_backends[spec.account_id][get_partition(spec.region)].assume_role(
        region_name=spec.region,
        role_session_name=spec.name,
        role_arn=spec.role_arn,
        policy="",
        duration=12 * _HOUR,
        external_id="",
    )
    return RoleCredentials(session.access_key_id, session.secret_access_key, session.session_token)


class MotoLogs:
    """A log sink in moto's CloudWatch Logs of one account and region."""

    def __init__(self, spec: FunctionSpec) -> None:
        self._backend = logs_backends[spec.account_id][spec.region]

    def put(self, group: str, stream: str, messages: list[str], timestamp_ms: int) -> None:
        """Append events; group and stream are made if missing, as Lambda makes them."""
        self._backend.ensure_log_group(group)
        self._backend.ensure_log_stream(group, stream)
        events = [{"timestamp": timestamp_ms, "message": message} for message in messages]
        self._backend.put_log_events(group, stream, events)


def store_package(digest: str, package: bytes) -> str:
    """Put a deployment package where Lambda keeps those; its path on the cloud's server."""
    account, partition = _OF_LAMBDA
    s3 = s3_backends[account][partition]
    with _PACKAGES_LOCK:
        if _PACKAGES not in s3.buckets:
            s3.create_bucket(_PACKAGES, "us-east-1")
        if digest not in s3.buckets[_PACKAGES].keys:
            s3.put_object(_PACKAGES, digest, package)
    return f"/{_PACKAGES}/{digest}"


def send_record(arn: str, key: str, record: bytes) -> None:
    """Deliver a record of an asynchronous invocation to a queue or bucket."""
    _, partition, service, region, account, resource = arn.split(":", 5)
    if service == "sqs":
        sqs_backends[account][region].send_message(queue_name=resource, message_body=record.decode())
    elif service == "s3":
        owner = next(id_ for id_, backends in s3_backends.items() if resource in backends[partition].buckets)
        s3_backends[owner][partition].put_object(resource, key, record)
    else:
        _LOG.warning("destination %s: the local cloud delivers to SQS and S3 only", arn)
