"""The URL of a package that GetFunction tells leads to it, for anybody, as AWS's does."""

from __future__ import annotations

import io
import urllib.request
import zipfile

from tests.local.support import Aws, package

HANDLER = "def handle(event, context): return 1"


def fetched(aws: Aws, function: str) -> bytes:
    url = aws.functions.get_function(FunctionName=function)["Code"]["Location"]
    with urllib.request.urlopen(url) as answer:
        content: bytes = answer.read()
    return content


def test_it_leads_to_the_package_that_the_function_has(aws: Aws) -> None:
    function = aws.function(HANDLER)
    first = fetched(aws, function.name)
    assert fetched(aws, function.name) == first
    with zipfile.ZipFile(io.BytesIO(first)) as content:
        assert content.read("main.py").decode() == HANDLER
    second = package("def handle(event, context): return 2")
    aws.functions.update_function_code(FunctionName=function.name, ZipFile=second)
    assert fetched(aws, function.name) == second


def test_packages_are_in_nobodys_buckets(aws: Aws) -> None:
    before = aws.s3.list_buckets()["Buckets"]
    fetched(aws, aws.function(HANDLER).name)
    assert aws.s3.list_buckets()["Buckets"] == before


def test_a_function_of_an_image_has_that(aws: Aws) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/moo:latest"
    aws.functions.create_function(
        FunctionName="of-an-image", PackageType="Image", Code={"ImageUri": image}, Role=aws.cloud.role_arn
    )
    assert aws.functions.get_function(FunctionName="of-an-image")["Code"]["ImageUri"] == image
    aws.functions.delete_function(FunctionName="of-an-image")
