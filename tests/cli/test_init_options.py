"""`scar init`: room in /tmp, runtime, architecture and the destination of failed events."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from scar.deploy import storage
from scar.errors import ScarError
from tests.cli.support import NOTHING, ROLE, Account, Scar
from tests.oci import layers

MIB = 1024 * 1024


@pytest.fixture
def push(hub: str) -> Callable[[layers.Layer], str]:
    """Push an image of one layer; its name."""

    def push(layer: layers.Layer) -> str:
        with closing(layers.Pusher(hub)) as pusher:
            pusher.push("library/sized", "latest", layers.image(layer))
        return "sized"

    return push


def claiming(unpacked: int) -> layers.Layer:
    """A layer whose gzip trailer claims so many bytes."""
    blob = layers.gz(b"nothing")
    return layers.Layer(blob[:-4] + unpacked.to_bytes(4, "little"))


def test_room_for_the_image_is_made_and_said(
    scar: Scar, account: Account, push: Callable[[layers.Layer], str]
) -> None:
    image = push(claiming(1000 * MIB))
    ran = scar("init", "-n", "cow", image)
    assert ran.status == 0, ran.stderr
    assert "the image has about 1,000 MB unpacked: 1,428 MB of /tmp would do" in ran.stderr
    assert "1428 MB of /tmp" in ran.stderr
    assert account.configuration("cow")["EphemeralStorage"] == {"Size": 1428}


def test_room_can_be_said_and_configured(
    scar: Scar, account: Account, push: Callable[[layers.Layer], str], home: Path
) -> None:
    image = push(claiming(1000 * MIB))
    assert scar("init", "--storage", "600", "--json", "-n", "one", image).json["storage"] == 600
    with (home / "scar.cfg").open("a") as file:
        file.write("lambda_storage = 700\n")
    assert scar("init", "-n", "two", image).status == 0
    sizes = [account.configuration(name)["EphemeralStorage"]["Size"] for name in ("one", "two")]
    assert sizes == [600, 700]


@pytest.mark.parametrize(
    ("compressed", "unpacked", "expected"),
    [
        (0, 0, 512),
        (60 * MIB, 167 * MIB, 512),
        (60 * MIB, 300 * MIB, 518),
        (60 * MIB, None, 512),
        (1000 * MIB, None, 4028),
        (9000 * MIB, None, 10_240),
        (1, 10_240 * MIB, 10_240),
    ],
)
def test_how_much_room_an_image_needs(compressed: int, unpacked: int | None, expected: int) -> None:
    assert storage.for_image("x", compressed, unpacked) == expected


def test_an_image_that_cannot_fit_is_refused_with_both_numbers() -> None:
    with pytest.raises(ScarError, match=r"has 10,240 MB unpacked; .* at most 10,240 MB"):
        storage.for_image("x", 1, 10_240 * MIB + 1)


def test_a_layer_of_10_gb_makes_nothing(scar: Scar, account: Account, hub: str) -> None:
    parts = [claiming(4000 * MIB + number) for number in range(3)]
    with closing(layers.Pusher(hub)) as pusher:
        pusher.push("library/huge", "latest", layers.image(*parts))
    ran = scar("init", "huge")
    assert ran.status == 1
    assert "image huge has 12,000 MB unpacked; AWS Lambda gives a function at most 10,240 MB" in ran.stderr
    assert account.contents() == NOTHING


def test_runtime_and_architecture(scar: Scar, account: Account, home: Path) -> None:
    kit = home / "kit" / "arm64" / "glibc-2.34"
    kit.mkdir(parents=True)
    (kit / "libfakechroot.so").write_bytes(b"\x7fELF")
    options = ["--runtime", "python3.14", "--architecture", "arm64"]
    assert scar("init", "-n", "said", *options, "only-arm").status == 0
    (home / "scar.cfg").write_text(
        f"lambda_role={ROLE}\nlambda_runtime=python3.12\nlambda_architecture=arm64\n"
    )
    assert scar("init", "-n", "configured", "only-arm").status == 0
    found = [account.configuration(name) for name in ("said", "configured")]
    assert [(one["Runtime"], one["Architectures"]) for one in found] == [
        ("python3.14", ["arm64"]),
        ("python3.12", ["arm64"]),
    ]


def test_an_image_of_another_architecture_makes_nothing(scar: Scar, account: Account, home: Path) -> None:
    (home / "kit" / "arm64").symlink_to("x86_64")
    ran = scar("init", "--architecture", "arm64", "-es", "pictures", "grycap/cowsay")
    assert ran.status == 1
    assert "is not built for linux/arm64" in ran.stderr
    assert account.contents() == NOTHING


def test_the_local_cloud_has_one_architecture(scar: Scar, home: Path) -> None:
    other = "x86_64" if platform.machine() in ("aarch64", "arm64") else "arm64"
    ran = scar("init", "--local", "--architecture", other, "grycap/cowsay")
    assert ran.status == 2
    assert f"a function for {other} cannot run in the local cloud" in ran.stderr


@pytest.mark.parametrize(
    ("said", "arn"),
    [
        ("s3://failures", "arn:aws:s3:::failures"),
        ("arn:aws:sqs:us-east-1:123456789012:failures", "arn:aws:sqs:us-east-1:123456789012:failures"),
    ],
)
def test_failed_events_have_a_destination(scar: Scar, account: Account, said: str, arn: str) -> None:
    ran = scar("init", "-n", "cow", "--on-failure", said, "grycap/cowsay")
    assert ran.status == 0, ran.stderr
    assert f"send events that fail in cow to {arn}" in ran.stderr
    config = account.functions.get_function_event_invoke_config(FunctionName="cow")
    assert config["DestinationConfig"]["OnFailure"] == {"Destination": arn}
    assert scar("rm", "cow").status == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--storage", "511"], "--storage: 511 is not between 512 and 10,240 MB"),
        (["--runtime", "python3.7"], "--runtime: 'python3.7' is no runtime of ours: it is one of python3.12"),
        (["--architecture", "amd64"], "--architecture: 'amd64' is no architecture of ours"),
        (["--on-failure", "failures"], "--on-failure: not a destination: 'failures'"),
    ],
)
def test_bad_usage_makes_nothing(scar: Scar, account: Account, options: list[str], said: str) -> None:
    ran = scar("init", *options, "grycap/cowsay")
    assert (ran.status, ran.stdout) == (2, b"")
    assert said in ran.stderr
    assert account.contents() == NOTHING


def test_an_update_to_a_larger_image_makes_room(
    scar: Scar, account: Account, push: Callable[[layers.Layer], str]
) -> None:
    assert scar("init", "-n", "cow", "grycap/cowsay").status == 0
    plan = scar("update", "--json", "--dry-run", "--image", push(claiming(1000 * MIB)), "cow").json["plan"]
    assert "storage 512 to 1428 MB" in plan[0]
    plan = scar("update", "--json", "--dry-run", "--storage", "1024", "cow").json["plan"]
    assert "storage 512 to 1024 MB" in plan[0]


def test_an_image_file_that_is_none_or_holds_another_image(
    scar: Scar, account: Account, tmp_path: Path
) -> None:
    assert scar("init").status == 2
    missing = scar("init", "-n", "cow", "--image-file", str(tmp_path / "nosuch.tar"))
    assert (missing.status, "there is no file" in missing.stderr) == (1, True)
    (tmp_path / "cow.tar").write_bytes(b"no archive")
    broken = scar("init", "-n", "cow", "--image-file", str(tmp_path / "cow.tar"))
    assert (broken.status, "docker save" in broken.stderr) == (1, True)
    secret = ("--registry-secret", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:registry-Ab12Cd")
    assert scar("init", "-n", "cow", *secret, "--image-file", str(tmp_path / "cow.tar")).status == 2
    assert account.contents() == NOTHING
