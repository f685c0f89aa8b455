"""Names derived from images and buckets."""

from __future__ import annotations

from itertools import islice

from scar import limits
from scar.deploy import names


def test_of_image() -> None:
    candidates = list(islice(names.of_image("localhost:5000/grycap/cow_say:v1.0@sha256:ab"), 3))
    stem = "scar-localhost-5000-grycap-cow-say-v1-0-sha256-ab"
    assert candidates == [stem, f"{stem}-1", f"{stem}-2"]


def test_of_image_ends_where_names_of_functions_must() -> None:
    for name in islice(names.of_image(f"grycap/cowsay@sha256:{'a' * 64}"), 12):
        assert limits.function_name(name, "derived") == name
        assert name.startswith("scar-grycap-cowsay-sha256-aaa")
    assert name.endswith("-11")


def test_statement_ids_are_as_lambda_wants_them_and_different() -> None:
    assert names.statement_id("my.bucket-1") == "scar-event-source-my_bucket-1"
    assert names.statement_id("my.bucket") != names.statement_id("my-bucket")
