"""Extra payloads, and packages that are too large to be sent along."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    (folder / "model").write_bytes(b"others")
    assert scar("update", "--extra-payload", str(folder), "cow").status == 0
    assert account.configuration("cow")["CodeSha256"] == digest_of(None, folder) != made["CodeSha256"]
    assert scar("update", "--extra-payload", "", "cow").status == 0
    assert account.configuration("cow")["CodeSha256"] == digest_of(None, None)


@pytest.fixture
def old(scar: Scar, account: Account, folder: Path, script: Path) -> bytes:
    """The package of a function ``cow`` with both parts of the user's, of a SCAR before this one."""
    options = ["-s", str(script), "--extra-payload", str(folder)]
    assert scar("init", "-n", "cow", *options, COWSAY).status == 0
    content = package.archive(
        {"old.py": b"old", "init_script": b"echo\n", "extra/model": b"weights", "extra/tool": b"tool"},
        {"extra/tool"},
    )
    account.functions.update_function_code(FunctionName="cow", ZipFile=content)
    return content


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "script"
    script.write_bytes(b"echo\n")
    return script


def test_a_part_of_which_nothing_is_said_is_kept(
    scar: Scar, account: Account, folder: Path, script: Path, old: bytes
) -> None:
    (folder / "tool").write_bytes(b"tool")
    (folder / "tool").chmod(0o755)
    ran = scar("update", "cow")
    assert (ran.status, ran.out) == (0, "Updated: cow\n"), ran.stderr
    assert account.configuration("cow")["CodeSha256"] == digest_of(b"echo\n", folder)
    assert scar("update", "cow").out == "Nothing to update: cow\n"
    script.write_bytes(b"echo again\n")
    assert scar("update", "-s", str(script), "cow").status == 0
    assert account.configuration("cow")["CodeSha256"] == digest_of(b"echo again\n", folder)
    assert scar("update", "--extra-payload", "", "cow").status == 0
    assert account.configuration("cow")["CodeSha256"] == digest_of(b"echo again\n", None)


SECRET_URL = "http://127.0.0.1:1/code?X-Amz-Signature=secret"  # where nobody answers


def tell(way: Way, code: dict[str, object]) -> None:
    """Let GetFunction tell this of where the package is."""

    def after(request: Request, answer: Answer) -> Answer:
        if (request.method, request.path) != ("GET", "/2015-03-31/functions/cow"):
            return answer
        document = json.loads(answer.body) | {"Code": code}
        return Answer(answer.status, json.dumps(document).encode(), answer.headers)

    way.after = after


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ({"Location": SECRET_URL}, "http://127.0.0.1:1 does not answer: the connection was refused"),
        ({"Error": {"ErrorCode": "AccessDenied", "Message": "no kms:Decrypt"}}, "no kms:Decrypt"),
        ({}, "AWS does not tell where it is"),
    ],
)
def test_a_package_that_cannot_be_fetched_is_left_as_it_is(  # noqa: PLR0917 - fixtures and parameters
    scar: Scar, account: Account, way: Way, old: bytes, code: dict[str, object], said: str
) -> None:
    tell(way, code)
    reason = f"cannot fetch the package of function cow: {said}"
    ran = scar("update", "-m", "512", "--debug", "cow")
    assert (ran.status, ran.out) == (0, "Updated: cow\n")
    assert f"the package of function cow is left as it is: {reason}" in ran.stderr
    refused = scar("update", "-s", "", "--debug", "cow")
    assert (refused.status, error_of(refused.stderr)) == (1, reason)
    assert "Signature" not in ran.stderr + refused.stderr
    after = account.configuration("cow")
    assert (after["MemorySize"], after["CodeSha256"]) == (512, Package(old).digest)
    assert scar("update", "-s", "", "--extra-payload", "", "cow").status == 0
    assert account.configuration("cow")["CodeSha256"] == digest_of(None, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: Answer(403, b"expired"), " answers 403"),
        (lambda content: Answer(200, content[:-1]), "what came is not what Lambda has"),
        (lambda content: Answer(200, content + b"x" * 1000), None),
    ],
)
def test_what_is_fetched_is_checked(  # noqa: PLR0917 - fixtures and parameters
    scar: Scar, account: Account, way: Way, old: bytes, change: Callable[[bytes], Answer], said: str | None
) -> None:
    tell(way, {"Location": f"{way.url}/code?X-Amz-Signature=secret"})
    way.before = lambda request: change(old) if request.path.startswith("/code") else None
    ran = scar("update", "-s", "", "cow")
    assert "secret" not in ran.stderr
    if said is None:  # no more is read than Lambda says that there is
        assert ran.status == 0
    else:
        assert ran.status == 1
        assert said in error_of(ran.stderr)
        assert account.configuration("cow")["CodeSha256"] == Package(old).digest


def test_a_package_that_is_no_archive_is_said_to_be_none(scar: Scar, account: Account, old: bytes) -> None:
    account.functions.update_function_code(FunctionName="cow", ZipFile=b"not a zip")
    ran = scar("update", "-s", "", "cow")
    assert ran.status == 1
    assert "the package is not a zip archive that can be read" in ran.stderr
    assert "hint: say what is to be in it: -s and --extra-payload" in ran.stderr


def test_a_large_package_that_nobody_spoke_of_stays_without_a_bucket(
    scar: Scar, account: Account, large: Path
) -> None:
    account.s3.create_bucket(Bucket="packages")
    options = ["--extra-payload", str(large), "--package-bucket", "packages"]
    assert scar("init", "-n", "cow", *options, COWSAY).status == 0
    content = package.archive({"extra/hole": bytes(LARGE), "old.py": b"old"})
    account.s3.put_object(Bucket="packages", Key="old", Body=content)
    account.functions.update_function_code(FunctionName="cow", S3Bucket="packages", S3Key="old")
    ran = scar("update", "-m", "512", "cow")
    assert (ran.status, account.configuration("cow")["MemorySize"]) == (0, 512), ran.stderr
    assert "left as it is: the deployment package has" in ran.stderr
    assert scar("update", "--package-bucket", "packages", "cow").status == 0
    (large / "model").unlink()
    assert account.configuration("cow")["CodeSha256"] == digest_of(None, large)


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
