"""The numbers and patterns of AWS that a user can run into, each checked here before anything is created.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html for the quotas, and the API
models of Lambda, IAM and S3 inside botocore for lengths and patterns. Every check returns the value that it
was given, or raises UsageError with a message that begins with ``source``: the option or the file and key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from scar.errors import ScarError, UsageError
from scar_supervisor.contract import EXEC_MODES

MIB: Final = 1024 * 1024

MEMORY_MB: Final = range(128, 10_240 + 1)
TIME_SECONDS: Final = range(1, 900 + 1)
STORAGE_MB: Final = range(512, 10_240 + 1)
"""Of /tmp. (The API model allows 32,768, which are for other kinds of functions than these.)"""
RUNTIMES: Final = ("python3.12", "python3.13", "python3.14")
"""That can be created and have Amazon Linux 2023, on which libfakechroot was tried:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"""
ARCHITECTURES: Final = ("x86_64", "arm64")
NAME_LENGTH: Final = 64
DESCRIPTION_LENGTH: Final = 256
ENVIRONMENT_BYTES: Final = 4 * 1024
PACKAGE_BYTES: Final = 50 * MIB
UNZIPPED_BYTES: Final = 250 * MIB
SYNCHRONOUS_PAYLOAD_BYTES: Final = 6 * MIB
ASYNCHRONOUS_PAYLOAD_BYTES: Final = 1 * MIB
TAG_VALUE_LENGTH: Final = 256
RESULT_PREFIX_BYTES: Final = 512
"""Half of what S3 gives a key: the results have names of their own."""
KEY_BYTES: Final = 1024
"""Of an object: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
CONCURRENCY: Final = range(1, 256 + 1)
"""Requests of ours at once: each takes a thread. AWS has no such limit for one client."""

_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ROLE = re.compile(r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/[a-zA-Z0-9_+=,.@/-]+")
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-async-destinations
_DESTINATION = re.compile(
    r"s3://[^/]+|arn:aws[a-zA-Z-]*:s3:::[^/]+|arn:aws[a-zA-Z-]*:(sqs|sns|lambda|events):[a-z0-9-]+:\d{12}:\S+"
)
_SECRET = re.compile(
    r"arn:aws[a-zA-Z-]*:(secretsmanager:[a-z0-9-]+:\d{12}:secret:|ssm:[a-z0-9-]+:\d{12}:parameter/)[\w/+=.@-]{1,1000}",
    re.ASCII,
)
_LOG_STREAM = re.compile(r"[^:*]{1,512}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
# Wildcards and variables of IAM's policies are left out: the role's policy names the prefix.
_RESULT_PREFIX = re.compile(r"(?!/)[^\x00-\x1f\x7f*?$]+/")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MIRROR = re.compile(r"https?://[^\s/?#@]+/?")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def memory(value: int, source: str) -> int:
    """Megabytes of memory of a function."""
    return _within(value, MEMORY_MB, "MB", source)


def time(value: int, source: str) -> int:
    """Seconds that one call of a function may take."""
    return _within(value, TIME_SECONDS, "seconds", source)


def threshold(value: int, source: str) -> int:
    """Seconds before a function's time-out at which its container is stopped."""
    return _within(value, TIME_SECONDS, "seconds", source)


def threshold_below_time(threshold_seconds: int, time_seconds: int, source: str) -> None:
    """Refuse a threshold that leaves the container no time at all."""
    if threshold_seconds >= time_seconds:
        raise UsageError(
            f"{source}: the time-out threshold ({threshold_seconds} s) must be smaller than the function's"
            f" time-out ({time_seconds} s)",
            hint="the container may run for the time-out less the threshold, for example:"
            f" -t {max(time_seconds, 2)} -tt {max(time_seconds // 6, 1)}",
        )


def storage(value: int, source: str) -> int:
    """Megabytes of /tmp of a function."""
    return _within(value, STORAGE_MB, "MB", source)


def runtime(value: str, source: str) -> str:
    """The Python that a function has."""
    return _one_of(value, RUNTIMES, "runtime", source)


def architecture(value: str, source: str) -> str:
    """The kind of processor that a function has."""
    return _one_of(value, ARCHITECTURES, "architecture", source)


def exec_mode(value: str, source: str) -> str:
    """How a function runs the programs of its image."""
    return _one_of(value, EXEC_MODES, "execution mode", source)


def destination(value: str, source: str) -> str:
    """What gets the record of an event that failed for good: an ARN, or ``s3://BUCKET``."""
    if value.startswith("s3://") and "/" in value[len("s3://") :]:
        raise UsageError(
            f"{source}: a bucket alone, not {value!r}: AWS Lambda chooses the keys of records itself, under"
            " aws/lambda/async/FUNCTION/",
            hint=f"{source} s3://{value.split('/')[2]}",
        )
    if not _DESTINATION.fullmatch(value):
        raise UsageError(
            f"{source}: not a destination: {value!r}",
            hint="the ARN of a queue, a topic, a function, an event bus or a bucket; or s3://BUCKET",
        )
    return value


def function_name(value: str, source: str) -> str:
    """The name of a function, without ARN or qualifier."""
    if len(value) > NAME_LENGTH:
        raise UsageError(
            f"{source}: a function's name has at most {NAME_LENGTH} characters, this one has {len(value)}"
        )
    if not _FUNCTION_NAME.fullmatch(value):
        raise UsageError(f"{source}: a function's name has only letters, digits, - and _, not {value!r}")
    return value


def description(value: str, source: str) -> str:
    """The description of a function."""
    _text(value, source)
    if len(value) > DESCRIPTION_LENGTH:
        raise UsageError(
            f"{source}: a description has at most {DESCRIPTION_LENGTH} characters, this one has {len(value)}"
        )
    return value


def role(value: str, source: str) -> str:
    """The ARN of an IAM role."""
    if not _ROLE.fullmatch(value):
        raise UsageError(
            f"{source}: not the ARN of a role: {value!r}",
            hint="it looks like arn:aws:iam::123456789012:role/NAME",
        )
    return value


def role_name(value: str, source: str) -> str:
    """The name of an IAM role."""
    if not _ROLE_NAME.fullmatch(value):
        raise UsageError(
            f"{source}: not the name of a role: {value!r}",
            hint="1 to 64 letters, digits and characters of _+=,.@-",
        )
    return value


def function_pattern(value: str, source: str) -> str:
    """The name of a function, or of several, with ``*`` for any characters."""
    function_name(value.replace("*", "-"), source)
    return value


def region(value: str, source: str) -> str:
    """The name of an AWS region."""
    if not _REGION.fullmatch(value):
        raise UsageError(f"{source}: not the name of an AWS region: {value!r}", hint="for example us-east-1")
    return value


def bucket(value: str, source: str) -> str:
    """The name of an S3 bucket."""
    if not _BUCKET.fullmatch(value):
        raise UsageError(
            f"{source}: not the name of a bucket: {value!r}",
            hint="3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with one of the"
            " first two",
        )
    return value


def concurrency(value: int, source: str) -> int:
    """Calls, or files, that one command is busy with at once."""
    return _within(value, CONCURRENCY, "at once", source)


def location(bucket_name: str, key: str, source: str) -> None:
    """A bucket, and the beginning of keys in it."""
    bucket(bucket_name, source)
    size = len(_text(key, source).encode())
    if size > KEY_BYTES:
        raise UsageError(f"{source}: a key has at most {KEY_BYTES:,} bytes, these are {size:,}")


def account(value: str, source: str) -> str:
    """The id of an AWS account."""
    if not _ACCOUNT.fullmatch(value):
        raise UsageError(f"{source}: not the id of an AWS account: {value!r}", hint="it has twelve digits")
    return value


def secret(value: str, source: str) -> str:
    """The ARN of a secret of Secrets Manager, or of a parameter of SSM."""
    if not _SECRET.fullmatch(value):
        raise UsageError(
            f"{source}: not the ARN of a secret",  # it may be the secret itself: it is not shown
            hint="arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, arn:aws:ssm:REGION:ACCOUNT:parameter/N",
        )
    return value


def registry_mirror(value: str, source: str) -> str:
    """The URL of a registry that is asked in place of docker.io."""
    if not _MIRROR.fullmatch(value):
        raise UsageError(
            f"{source}: not the URL of a registry: {value!r}",
            hint="for example https://mirror.example.org, or http:// for a registry without TLS",
        )
    return value


def variable_names(names: Iterable[str], source: str) -> None:
    """Names of environment variables that a function can keep."""
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise UsageError(
                f"{source}: not the name of an environment variable: {name!r}",
                hint="AWS Lambda takes letters, digits and _, not beginning with a digit",
            )


def environment(variables: Mapping[str, str], source: str) -> None:
    """All environment variables of a function, together."""
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > ENVIRONMENT_BYTES:
        raise UsageError(
            f"{source}: the function's environment takes {size:,} bytes; AWS Lambda allows"
            f" {ENVIRONMENT_BYTES:,} for all names and values together, SCAR's own included",
            hint="put large values into an init script (-s)",
        )


def package_size(size: int) -> None:
    """Bytes of a deployment package that is uploaded directly. Raises ScarError."""
    if size > PACKAGE_BYTES:
        raise ScarError(
            f"the deployment package has {size:,} bytes; AWS Lambda takes {PACKAGE_BYTES:,} by direct upload",
            hint="name a bucket that it can go through: --package-bucket, or lambda_package_bucket",
        )


def unzipped_size(size: int) -> None:
    """Bytes of all files of a deployment package. Raises ScarError."""
    if size > UNZIPPED_BYTES:
        raise ScarError(
            f"the files of the deployment package have {size:,} bytes; AWS Lambda allows {UNZIPPED_BYTES:,}",
            hint="put large data into the image, or into a bucket",
        )


def payload_size(size: int, *, asynchronous: bool) -> None:
    """Bytes of the payload of one call."""
    limit = ASYNCHRONOUS_PAYLOAD_BYTES if asynchronous else SYNCHRONOUS_PAYLOAD_BYTES
    if size > limit:
        kind = "an asynchronous" if asynchronous else "a synchronous"
        raise UsageError(
            f"script, arguments and environment take {size:,} bytes; AWS Lambda allows {limit:,}"
            f" for {kind} call",
            hint="put large data into a bucket, or into the image",
        )


def result_prefix(value: str, source: str) -> str:
    """What keys of results begin with; it ends with a slash."""
    size = len(_text(value, source).encode())
    if not _RESULT_PREFIX.fullmatch(value) or size > RESULT_PREFIX_BYTES:
        raise UsageError(
            f"{source}: not a prefix for results: {value!r}",
            hint=f"at most {RESULT_PREFIX_BYTES} bytes, no slash at its begin, and none of *?$",
        )
    return value


def log_stream(value: str, source: str) -> str:
    """The name of a log stream."""
    if not _LOG_STREAM.fullmatch(_text(value, source)):
        raise UsageError(f"{source}: not the name of a log stream: {value!r}")
    return value


def request_id(value: str, source: str) -> str:
    """The id of one call, which goes into the pattern of a search."""
    if not _REQUEST_ID.fullmatch(value):
        raise UsageError(
            f"{source}: not a request id: {value!r}", hint="scar run prints it, and scar log holds it"
        )
    return value


def _one_of(value: str, allowed: tuple[str, ...], what: str, source: str) -> str:
    if value not in allowed:
        raise UsageError(f"{source}: {value!r} is no {what} of ours: it is one of {', '.join(allowed)}")
    return value


def _text(value: str, source: str) -> str:
    """Refuse what came as bytes that are not UTF-8: no request to AWS can carry it."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{source}: not a text in UTF-8: {value!r}") from error
    return value


def _within(value: int, allowed: range, unit: str, source: str) -> int:
    if value not in allowed:
        raise UsageError(f"{source}: {value} is not between {allowed[0]} and {allowed[-1]:,} {unit}")
    return value
