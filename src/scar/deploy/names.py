"""Names that SCAR derives from other names."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from scar import limits
from scar_supervisor import contract

INPUT_PREFIX = contract.INPUT_PREFIX
OUTPUT_PREFIX = contract.OUTPUT_PREFIX

_TO_HYPHENS = str.maketrans(dict.fromkeys("/:._@", "-"))


def of_image(image: str) -> Iterator[str]:
    """Names for a function of this image, best first: ``scar-grycap-cowsay``, ``scar-grycap-cowsay-1``, ...

    Cut where a function's name must end (64 characters), so that the number still fits.
    """
    stem = f"scar-{image.translate(_TO_HYPHENS)}"
    yield stem[: limits.NAME_LENGTH]
    for number in count(1):
        suffix = f"-{number}"
        yield stem[: limits.NAME_LENGTH - len(suffix)] + suffix


def log_group(function: str) -> str:
    """Where Lambda writes the function's log."""
    return f"/aws/lambda/{function}"


def bucket_arn(bucket: str, partition: str) -> str:
    return f"arn:{partition}:s3:::{bucket}"


def destination_arn(text: str, partition: str) -> str:
    """The ARN of a destination, which may be written as ``s3://BUCKET``."""
    return bucket_arn(text.removeprefix("s3://"), partition) if text.startswith("s3://") else text


def failure_prefix(function: str) -> str:
    """Where Lambda keeps records of the function's failed events in a bucket:
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    return f"aws/lambda/async/{function}/"


def statement_id(bucket: str) -> str:
    """The id of the permission that lets the bucket call a function: letters, digits, - and _ only."""
    return f"{STATEMENT_PREFIX}{bucket.replace('.', '_')}"


STATEMENT_PREFIX = "scar-event-source-"


def notification_id(function: str) -> str:
    """The id of the function's entry in a bucket's notification configuration."""
    return f"scar-{function}"
