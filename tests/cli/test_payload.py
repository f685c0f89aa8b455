"""Extra payloads, and packages that are too large to be sent along."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scar.aws.functions import Package
from scar.deploy import package, payload
from tests.cli.faults import Answer, Request, Way, error_of
from tests.cli.support import NOTHING, Account, Scar

COWSAY = "grycap/cowsay"
LARGE = 51 * 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "payload"
    folder.mkdir()
    (folder / "model").write_bytes(b"weights")
    return folder


@pytest.fixture
def large(folder: Path) -> Path:
    with (folder / "hole").open("wb") as file:
        file.truncate(LARGE)
    return folder


def digest_of(script: bytes | None, folder: Path | None) -> str:
    extra = payload.read(str(folder), "") if folder else ()
    return Package(package.build("x86_64", script, extra)).digest


def test_an_extra_payload_comes_changes_and_goes(scar: Scar, account: Account, folder: Path) -> None:
    assert scar("init", "-n", "cow", "--extra-payload", str(folder), COWSAY).status == 0
    made = account.configuration("cow")
    assert made["CodeSha256"] == digest_of(None, folder)
    assert made["Environment"]["Variables"]["SCAR_PACKAGE_PARTS"] == "extra"
    (folder / "model").write_bytes(b"others")
    assert scar("update", "--extra-payload", str(folder), "cow").status == 0
    assert account.configuration("cow")["CodeSha256"] == digest_of(None, folder) != made["CodeSha256"]
    assert scar("update", "--extra-payload", "", "cow").status == 0
    assert account.configuration("cow")["CodeSha256"] == digest_of(None, None)


def test_a_part_of_the_package_is_never_lost(
    scar: Scar, account: Account, folder: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"echo\n")
    assert scar("init", "-n", "cow", "--extra-payload", str(folder), COWSAY).status == 0
    before = account.configuration("cow")
    ran = scar("update", "-s", str(script), "cow")
    assert ran.status == 2
    assert "function cow was made with --extra-payload" in ran.stderr
    assert "give --extra-payload again" in ran.stderr
    assert account.configuration("cow")["CodeSha256"] == before["CodeSha256"]
    assert scar("update", "-s", str(script), "--extra-payload", str(folder), "cow").status == 0
    after = account.configuration("cow")
    assert after["CodeSha256"] == digest_of(b"echo\n", folder)
    assert after["Environment"]["Variables"]["SCAR_PACKAGE_PARTS"] == "extra,init_script"


def test_a_large_package_needs_a_bucket(scar: Scar, account: Account, large: Path) -> None:
    ran = scar("init", "--extra-payload", str(large), COWSAY)
    assert ran.status == 1
    assert "AWS Lambda takes 52,428,800 by direct upload" in ran.stderr
    assert "--package-bucket" in ran.stderr
    assert account.contents() == NOTHING


def test_a_large_package_goes_through_a_bucket_and_leaves_nothing_there(
    scar: Scar, account: Account, large: Path, home: Path
) -> None:
    account.s3.create_bucket(Bucket="packages")
    account.s3.put_object(Bucket="packages", Key="scar/theirs", Body=b"x")
    options = ["--extra-payload", str(large)]
    ran = scar("init", "-n", "cow", *options, "--package-bucket", "packages", COWSAY)
    assert ran.status == 0, ran.stderr
    assert "to s3://packages/scar/cow-" in ran.stderr
    assert account.configuration("cow")["CodeSha256"] == digest_of(None, large)
    (large / "model").write_bytes(b"others")
    with (home / "scar.cfg").open("a") as file:
        file.write("lambda_package_bucket = packages\n")
    assert scar("update", *options, "cow").status == 0
    assert account.configuration("cow")["CodeSha256"] == digest_of(None, large)
    keys = [one["Key"] for one in account.s3.list_objects_v2(Bucket="packages")["Contents"]]
    assert keys == ["scar/theirs"]


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (None, "there is no bucket packages for the deployment package"),
        ("eu-west-1", "bucket packages is in eu-west-1, the function in us-east-1"),
    ],
)
def test_a_bucket_that_lambda_cannot_read_makes_nothing(
    scar: Scar, account: Account, large: Path, region: str | None, said: str
) -> None:
    if region:
        account.s3.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": region})
    before = account.contents()
    ran = scar("init", "--extra-payload", str(large), "--package-bucket", "packages", COWSAY)
    assert ran.status == 1
    assert said in ran.stderr
    assert account.contents() == before


def test_an_upload_is_undone_with_the_rest(scar: Scar, account: Account, large: Path, way: Way) -> None:
    account.s3.create_bucket(Bucket="packages")
    before = account.contents()

    def refuse(request: Request) -> Answer | None:
        if request.method == "POST" and request.path.endswith("/functions"):
            assert json.loads(request.body)["Code"].keys() == {"S3Bucket", "S3Key"}
            return Answer.error(400, "CodeStorageExceededException", "Code storage limit exceeded")
        return None

    way.before = refuse
    options = ["--extra-payload", str(large), "--package-bucket", "packages"]
    ran = scar("init", "-n", "cow", *options, COWSAY)
    assert ran.status == 1
    assert "; undone: s3://packages/scar/cow-" in error_of(ran.stderr)
    assert account.contents() == before
    assert "Contents" not in account.s3.list_objects_v2(Bucket="packages")


@pytest.mark.parametrize("files", [[], ["link"]])
def test_a_folder_that_cannot_be_packed_makes_nothing(
    scar: Scar, account: Account, tmp_path: Path, files: list[str]
) -> None:
    for name in files:
        (tmp_path / "payload").mkdir()
        (tmp_path / "payload" / name).symlink_to("/")
    ran = scar("init", "--extra-payload", str(tmp_path / "payload"), COWSAY)
    assert ran.status == 2
    assert "--extra-payload: " in ran.stderr
    assert account.contents() == NOTHING
