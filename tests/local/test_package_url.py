"""The URL of a package that GetFunction tells leads to it, for anybody, as AWS's does."""

from __future__ import annotations

import urllib.request

from tests.local.support import Aws, package

ONE, TWO = "def handle(event, context): return 1", "def handle(event, context): return 2"


def fetched(aws: Aws, function: str) -> bytes:
    url = aws.functions.get_function(FunctionName=function)["Code"]["Location"]
    with urllib.request.urlopen(url) as answer:
        content: bytes = answer.read()
    return content


def test_it_leads_to_the_package_that_the_function_has(aws: Aws) -> None:
    function = aws.function(ONE)
    assert fetched(aws, function.name) == fetched(aws, function.name) == package(ONE)
    aws.functions.update_function_code(FunctionName=function.name, ZipFile=package(TWO))
    assert fetched(aws, function.name) == package(TWO)


def test_packages_are_in_nobodys_buckets(aws: Aws) -> None:
    before = aws.s3.list_buckets()["Buckets"]
    fetched(aws, aws.function(ONE).name)
    assert aws.s3.list_buckets()["Buckets"] == before


def test_a_function_of_an_image_has_that(aws: Aws) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/moo:latest"
    aws.functions.create_function(
        FunctionName="of-an-image", PackageType="Image", Code={"ImageUri": image}, Role=aws.cloud.role_arn
    )
    assert aws.functions.get_function(FunctionName="of-an-image")["Code"]["ImageUri"] == image
    aws.functions.delete_function(FunctionName="of-an-image")
