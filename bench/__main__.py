"""Run all measurements and print a table: ``python -m bench``, or some of them: ``python -m bench warm``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from bench import files
from bench.inside import Inside
from scar.local.http import Server
from tools import registry
from tools.cache import cache

MEASUREMENTS = ("pull", "warm", "launch", "files")


def main(wanted: list[str]) -> int:
    """Measure against the package as it is deployed, and print each figure as soon as it is there."""
    with (
        registry.serving() as url,
        s3() as bucket,
        tempfile.TemporaryDirectory(prefix="bench-", dir=cache()) as folder,
    ):
        inside = Inside.prepare(Path(folder), url, bucket)
        for name in wanted or MEASUREMENTS:
            if name == "files":
                figures = files.measure(inside, Path(folder))
            elif name == "launch":
                figures = answered(
                    subprocess.Popen([sys.executable, "-m", "bench.launch"], stdout=subprocess.PIPE)
                )
            else:
                figures = answered(inside.start(name))
            for title, value in figures:
                print(f"{title:72} {value}", flush=True)
    return 0


def answered(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, str]]:
    """The figures that a measurement prints as its last line."""
    output, _ = process.communicate()
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    yield from json.loads(output.splitlines()[-1]).items()


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    """Serve an S3 with one file, which `warm` stages; the variables by which a function reaches it."""
    variables = {
        "AWS_ENDPOINT_URL": Server().url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
    }
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket="bench")
    client.put_object(Bucket="bench", Key="input/file.txt", Body=b"x" * 10_000)
    yield variables
    client.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
