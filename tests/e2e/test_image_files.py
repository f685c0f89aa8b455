"""Images out of files: the functions run them while no registry can be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import IMAGE, Scar
from tests.saved import save

NO_REGISTRY = {b"SCAR_REGISTRY_MIRROR": b"http://127.0.0.1:9"}
COW = ("/usr/games/cowsay", "moo")


@pytest.fixture(scope="session")
def saved(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the image as skopeo writes it in three forms, called as they are."""
    folder = tmp_path_factory.mktemp("saved")
    for kind in ("oci", "oci-archive", "docker-archive"):
        save(registry, IMAGE, kind, folder / kind)
    return folder


def in_bucket(s3: Any, bucket: str) -> set[str]:
    return {one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", ())}


@pytest.mark.parametrize("kind", ["oci", "oci-archive"])
def test_a_small_image_is_packed_with_the_function(scar: Scar, saved: Path, kind: str) -> None:
    made = scar("init", "-v", "-n", "packed", "--image-file", saved / kind, env=NO_REGISTRY)
    assert made.status == 0, made.stderr
    assert made.json["image_source"] == "package"
    assert made.json["image"] == f"{IMAGE}:latest"
    ran = scar("run", "packed", *COW)
    assert (ran.status, b"< moo >" in ran.stdout) == (0, True), ran.stderr
    # An update of something else keeps it.
    script = saved / "script"
    script.write_text("#!/bin/sh\necho kept\n")
    assert scar("update", "-s", script, "packed", env=NO_REGISTRY).status == 0
    assert scar("run", "packed").stdout.endswith(b"\nkept\n")
    assert scar("rm", "packed").status == 0


def test_a_large_image_is_put_into_a_bucket(scar: Scar, saved: Path, s3: Any) -> None:
    file = saved / "docker-archive"
    refused = scar("init", "-n", "large", "--image-file", file, env=NO_REGISTRY)
    assert refused.status == 1
    assert "--package-bucket" in refused.stderr
    assert "large" not in [one["name"] for one in scar("ls", "--json").json]
    s3.create_bucket(Bucket="image-store")
    init = ("init", "-v", "--package-bucket", "image-store", "--image-file", file)
    made = scar(*init, "-n", "large", env=NO_REGISTRY)
    assert made.status == 0, made.stderr
    assert made.json["image_source"] == "s3://image-store"
    [listed] = [one for one in scar("ls", "-v").json if one["name"] == "large"]
    assert listed["image_source"] == "s3://image-store"
    blobs = in_bucket(s3, "image-store")
    assert all(key.startswith("scar/images/blobs/sha256/") for key in blobs)
    ran = scar("run", "large", *COW)
    assert (ran.status, b"< moo >" in ran.stdout) == (0, True), ran.stderr
    # A second function shares the blobs, and no removal takes them.
    again = scar("init", "--dry-run", "-n", "another", *init[2:], env=NO_REGISTRY)
    assert "scar/images" not in again.stdout.decode()
    assert scar("rm", "large").status == 0
    assert in_bucket(s3, "image-store") == blobs


def test_a_blob_that_is_gone_or_altered_is_told(scar: Scar, saved: Path, s3: Any) -> None:
    s3.create_bucket(Bucket="bad-store")
    init = ("--package-bucket", "bad-store", "--image-file", saved / "docker-archive")
    assert scar("init", "-n", "bad", *init, env=NO_REGISTRY).status == 0
    sizes = {one["Size"]: one["Key"] for one in s3.list_objects_v2(Bucket="bad-store")["Contents"]}
    layer = sizes[max(sizes)]
    s3.put_object(Bucket="bad-store", Key=layer, Body=b"something else")
    altered = scar("run", "bad")
    assert altered.status == 125
    assert "was altered" in altered.stderr or "not a tar" in altered.stderr or "cut short" in altered.stderr
    s3.delete_object(Bucket="bad-store", Key=layer)
    gone = scar("run", "bad")
    assert gone.status == 125
    assert "is not complete" in gone.stderr
    assert scar("rm", "bad").status == 0


def test_an_update_takes_the_image_from_a_file_and_from_a_registry(
    scar: Scar, saved: Path, registry: str
) -> None:
    assert scar("init", "-n", "moved", "scar-test/static").status == 0
    assert scar("update", "--image-file", saved / "oci", "moved", env=NO_REGISTRY).status == 0
    assert b"< moo >" in scar("run", "moved", *COW).stdout
    assert scar("update", "--image", IMAGE, "moved").status == 0
    ran = scar("run", "moved", *COW)
    assert b"< moo >" in ran.stdout, ran.stderr
    [listed] = [one for one in scar("ls", "-v").json if one["name"] == "moved"]
    assert listed["image_source"] is None
    assert listed["package_size"] < 10_000_000
    assert scar("rm", "moved").status == 0


def test_check_runs_an_image_of_a_file(scar: Scar, saved: Path) -> None:
    ran = scar("check", "--run", saved / "oci-archive", "/bin/echo", "here", env=NO_REGISTRY)
    assert (ran.status, ran.stdout.endswith(b"\nhere\n")) == (0, True), ran.stderr
