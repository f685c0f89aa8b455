"""From botocore's exceptions to SCAR's, at one boundary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scar.errors import ScarError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError, WaiterError


class AwsError(ScarError):
    """A request to AWS that failed, for a reason that the subclasses do not name."""

    nothing_done = False
    """Whether it is certain that the request was not carried out: it was refused, or could not be sent."""


class NotFound(AwsError):
    """What the request names does not exist."""


class Conflict(AwsError):
    """What the request would make exists, or another change of it is under way."""

    after_retry = False
    """Whether botocore had sent the request before, and no answer had come."""


class AccessDenied(AwsError):
    """The credentials are good, but do not allow the request.

    The hint names the action that is missing, if AWS does, else the operation that was refused.
    """

    action = ""
    """What is missing, such as ``s3:GetBucketNotification``, where AWS says so. S3 says it of buckets of the
    caller's own account only: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html"""


class BadCredentials(AwsError):
    """No credentials, or AWS does not accept them."""


class Throttled(AwsError):
    """Too many requests; nothing was done."""


class Unreachable(AwsError):
    """No answer: the request may or may not have been carried out."""


class AnswerTimedOut(Unreachable):
    """The connection stood, but no answer came in time."""


# Codes of the services that SCAR calls, from their API models and S3's list of error responses.
_CLASSES: dict[str, type[AwsError]] = {
    "ResourceNotFoundException": NotFound,
    "NoSuchBucket": NotFound,
    "NoSuchKey": NotFound,
    "404": NotFound,
    "NotFound": NotFound,
    "NoSuchEntity": NotFound,
    "NoSuchUpload": NotFound,
    "ResourceConflictException": Conflict,
    "PreconditionFailed": Conflict,
    "PreconditionFailedException": Conflict,
    "ResourceAlreadyExistsException": Conflict,
    "EntityAlreadyExists": Conflict,
    "BucketAlreadyExists": Conflict,
    "BucketAlreadyOwnedByYou": Conflict,
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "403": AccessDenied,
    "UnrecognizedClientException": BadCredentials,
    "InvalidClientTokenId": BadCredentials,
    "InvalidAccessKeyId": BadCredentials,
    "InvalidSignatureException": BadCredentials,
    "SignatureDoesNotMatch": BadCredentials,
    "ExpiredToken": BadCredentials,
    "ExpiredTokenException": BadCredentials,
    "IncompleteSignature": BadCredentials,
    "IncompleteSignatureException": BadCredentials,
    "InvalidToken": BadCredentials,
    "MissingAuthenticationToken": BadCredentials,
    "MissingAuthenticationTokenException": BadCredentials,
    "RequestExpired": BadCredentials,
    "RequestTimeTooSkewed": BadCredentials,
    "TooManyRequestsException": Throttled,
    "ThrottlingException": Throttled,
    "Throttling": Throttled,
    "RequestLimitExceeded": Throttled,
    "SlowDown": Throttled,
    "ServiceUnavailable": Throttled,
    "503": Throttled,
}

_HINTS: dict[type[AwsError], str] = {
    BadCredentials: "check the credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --profile (a"
    " region that is not enabled for the account refuses good ones, too); --local needs none",
    Throttled: "wait a little and try again",
    AnswerTimedOut: "it may be busy: try again later",
    Unreachable: "check the network and the region (--region); --local needs neither",
}


@contextmanager
def request(what: str) -> Iterator[None]:
    """Turn botocore's exceptions into AwsError: "cannot ``what``: reason"."""
    from botocore.exceptions import BotoCoreError, ClientError  # 60 ms of CPU: only when AWS is called
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _from_answer(what, error) from error
    except BotoCoreError as error:
        raise _from_sdk(what, error) from error
    except ResponseParserError as error:
        raise AwsError(
            f"cannot {what}: the answer is not one of AWS's",
            hint="something between here and AWS may have answered: check proxies, and AWS_ENDPOINT_URL",
        ) from error


def _from_answer(what: str, error: ClientError) -> AwsError:
    details = error.response.get("Error", {})
    code = details.get("Code", "")
    kind = _CLASSES.get(code, AwsError)
    message = details.get("Message") or code or "no reason given"
    action = _missing_action(message)
    mapped = kind(f"cannot {what}: {message}", hint=_hint(kind, action, error.operation_name))
    mapped.nothing_done = 400 <= error.response["ResponseMetadata"].get("HTTPStatusCode", 0) < 500
    if isinstance(mapped, AccessDenied):
        mapped.action = action
    if isinstance(mapped, Conflict) and code != "BucketAlreadyExists":  # S3's word for one that is not ours
        mapped.after_retry = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
    return mapped


@contextmanager
def made_by_an_earlier_try() -> Iterator[None]:
    """For a request that makes what is not there: behind a lost answer, its own work stands in its way."""
    try:
        yield
    except Conflict as conflict:
        if not conflict.after_retry:
            raise


_NOT_AUTHORIZED = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
"""AWS's sentence: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""


def _missing_action(message: str) -> str:
    named = _NOT_AUTHORIZED.search(message)
    return named[1] if named else ""


def _hint(kind: type[AwsError], action: str, operation: str) -> str:
    if kind is not AccessDenied:
        return _HINTS.get(kind, "")
    lack = f"the permission {action}" if action else f"a permission for {operation}"
    return (
        f"these credentials lack {lack}: scar doctor looks for what else is missing,"
        " scar role policy deployer prints all that SCAR needs"
    )


def _from_sdk(what: str, error: BotoCoreError) -> AwsError:
    from botocore import exceptions as sdk

    if isinstance(error, sdk.WaiterError):
        return AwsError(f"cannot {what}: {_waiters_reason(error)}")
    kind = _sdk_class(error)
    failed = kind(f"cannot {what}: {error}", hint=_HINTS.get(kind, ""))
    not_sent = (sdk.EndpointConnectionError, sdk.ConnectTimeoutError, sdk.ProxyConnectionError)
    failed.nothing_done = kind is BadCredentials or isinstance(error, not_sent)
    return failed


def _waiters_reason(error: WaiterError) -> str:
    """Why what was waited for cannot come any more: Lambda's words, if it has any, else botocore's."""
    response: Any = error.last_response
    function = response.get("Configuration", {})
    for key in ("StateReason", "LastUpdateStatusReason"):
        if function.get(key):
            return str(function[key])
    return str(error.kwargs.get("reason", error))


def _sdk_class(error: BotoCoreError) -> type[AwsError]:
    from botocore import exceptions as sdk

    credentials = (
        sdk.NoCredentialsError,
        sdk.PartialCredentialsError,
        sdk.CredentialRetrievalError,
        sdk.ProfileNotFound,
        sdk.ConfigParseError,
        sdk.SSOError,
        sdk.UnauthorizedSSOTokenError,
        sdk.TokenRetrievalError,
    )
    if isinstance(error, credentials):
        return BadCredentials
    if isinstance(error, sdk.ReadTimeoutError):
        return AnswerTimedOut
    if isinstance(error, (sdk.HTTPClientError, sdk.ConnectionError, sdk.IncompleteReadError)):
        return Unreachable
    return AwsError
