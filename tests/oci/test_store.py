"""What is in the store after pulls that succeed, fail, race and crash."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scar_oci.config import ImageConfig
from scar_oci.errors import ImageError, UnsafeLayer
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry
from scar_oci.store import ImageStore, container_id
from tests.oci.lab import AMD64, HASTY, Lab
from tests.oci.layers import Layer, Member, file, folder, gz, image, layer, symlink, tar
from tests.oci.unreliable import Answer, Request, UnreliableRegistry

_ONE = image(layer(file("one")), process={"Labels": {"a": "b"}, "Volumes": {"/data": {}}})
_OTHER = image(layer(file("other"), folder("closed", mode=0), file("closed/f")))


def containers(store: ImageStore) -> list[str]:
    folder = Path(store.root, "containers")
    return sorted(path.name for path in folder.iterdir() if not path.is_symlink())


def test_an_empty_store_finds_nothing(tmp_path: Path) -> None:
    assert ImageStore(str(tmp_path / "missing")).find(_ONE.digest) is None


def test_a_found_image_is_not_fetched_again(lab: Lab) -> None:
    pulled = lab.roundtrip(_ONE)
    marker = Path(pulled.rootfs, "marker")
    marker.write_text("mine")
    assert lab.roundtrip(_ONE) == pulled
    assert marker.exists()
    assert pulled.config.labels == (("a", "b"),)
    assert pulled.config.volumes == ("/data",)


def test_another_image_takes_the_place_of_the_first(lab: Lab) -> None:
    first = lab.roundtrip(_OTHER)
    second = lab.roundtrip(_ONE)
    assert lab.store.find(first.digest) is None
    assert containers(lab.store) == [container_id(second.digest)]
    assert os.readlink(Path(lab.store.root, "containers", "test-image")) == container_id(second.digest)


def test_an_image_appears_when_it_is_prepared(lab: Lab) -> None:
    lab.pusher.push("test/prepared", "latest", _ONE)
    resolved = lab.registry.resolve(ImageReference.parse("test/prepared"), AMD64)

    def refuse(rootfs: str, config: ImageConfig) -> None:
        assert (os.listdir(rootfs), config.volumes) == (["one"], ("/data",))
        assert lab.store.find(_ONE.digest) is None
        raise PermissionError(errno.EACCES, "refused", rootfs)

    def add(rootfs: str, config: ImageConfig) -> None:
        Path(rootfs, "added").touch()

    with pytest.raises(ImageError, match="refused"):
        lab.store.pull(lab.registry, resolved, refuse)
    assert containers(lab.store) == []
    assert sorted(os.listdir(lab.store.pull(lab.registry, resolved, add).rootfs)) == ["added", "one"]


def test_an_image_whose_pull_cannot_begin_leaves_the_old_one(lab: Lab) -> None:
    old = lab.roundtrip(_ONE)
    with pytest.raises(ImageError):
        lab.roundtrip(image(layer(), process={"Env": 7}))
    assert lab.store.find(old.digest) == old


def test_what_another_format_of_the_store_left_is_replaced(lab: Lab) -> None:
    description = Path(lab.roundtrip(_ONE).rootfs).parent / "scar.json"
    description.write_text(json.dumps({**json.loads(description.read_text()), "format": 0}))
    assert lab.store.find(_ONE.digest) is None
    assert lab.roundtrip(_ONE) == lab.store.find(_ONE.digest)


def test_udocker_finds_its_files(lab: Lab) -> None:
    pulled = lab.roundtrip(_ONE)
    container = Path(pulled.rootfs).parent
    assert json.loads((container / "container.json").read_text()) == json.loads(_ONE.config)
    assert (container / "imagerepo.name").read_text().startswith("test/image:")
    assert (container / "execmode").read_text() == "F1"
    assert (container / "root.path").read_text() == pulled.rootfs
    assert (Path(lab.store.root) / "lib/VERSION").read_text().strip() == "1.2.11"
    assert {"bin", "lib", "repos", "layers", "containers"} <= set(os.listdir(lab.store.root))
    assert sorted(map(len, container.name.split("-"))) == [4, 4, 4, 8, 12]


@pytest.mark.parametrize("member", [file("n" * 256), symlink("l", "t" * 5000)])
def test_names_that_no_file_system_takes_are_refused(lab: Lab, member: Member) -> None:
    with pytest.raises(UnsafeLayer, match="too long"):
        lab.roundtrip(image(layer(member)))
    assert containers(lab.store) == []


def test_a_store_where_none_can_be_is_said_so(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    resolved = lab.registry.resolve(ImageReference.parse(f"test/image@{lab.roundtrip(_ONE).digest}"), AMD64)
    with pytest.raises(ImageError, match=r"cannot be unpacked: Not a directory: .*/file/store"):
        ImageStore(str(tmp_path / "file/store")).pull(lab.registry, resolved)


_PULL = """
import sys
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry
from scar_oci.store import ImageStore
with Registry(mirror=sys.argv[1]) as registry:
    image = registry.resolve(ImageReference.parse("test/image"), Platform.of_lambda("x86_64"))
    ImageStore(sys.argv[2]).pull(registry, image)
"""


@pytest.mark.parametrize("after", [0.0, 0.3, 0.6, 0.9])
def test_a_pull_that_is_killed_leaves_nothing_that_counts(tmp_path: Path, after: float) -> None:
    """The server holds the layer back after a part of it, so that the client dies in the middle."""
    members = [folder("d", mode=0o555), *(file(f"d/{number}", os.urandom(5000)) for number in range(40))]
    slow, reached = image(Layer(gz(tar(*members)))), threading.Event()
    store = ImageStore(str(tmp_path / "store"))
    with UnreliableRegistry(slow).serving() as server:
        server.plan = lambda request, answer: hold(request, answer, after, reached)
        command = [sys.executable, "-c", _PULL, server.url, store.root]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            assert reached.wait(20)
            time.sleep(0.05)  # what was sent is on its way to the disk: any moment will do
            process.send_signal(signal.SIGKILL)
        assert store.find(slow.digest) is None
        assert os.listdir(Path(store.root, "incoming")) == [container_id(slow.digest)]
        server.plan = lambda request, answer: answer
        with Registry(mirror=server.url, retry=HASTY) as registry:
            pulled = store.pull(registry, registry.resolve(ImageReference.parse("test/image"), AMD64))
    assert len(os.listdir(Path(pulled.rootfs, "d"))) == 40
    assert os.listdir(Path(store.root, "incoming")) == []


def hold(request: Request, answer: Answer, after: float, reached: threading.Event) -> Answer:
    """Announce the whole body, send a part, and leave the client waiting for the rest."""
    if not request.is_blob or len(answer.body) < 10_000:
        return answer
    return Answer(
        answer.status,
        answer.body[: int(len(answer.body) * after)],
        {"Content-Length": str(len(answer.body))},
        sent=reached,
    )


def test_pulls_into_one_store_take_turns(registry_url: str, lab: Lab, tmp_path: Path) -> None:
    members = [file(f"f{number}", os.urandom(2000)) for number in range(200)]
    lab.pusher.push("test/image", "latest", image(layer(*members)))
    root = str(tmp_path / "shared")
    command = [sys.executable, "-c", _PULL, registry_url, root]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    [found] = containers(ImageStore(root))
    assert len(os.listdir(Path(root, "containers", found, "ROOT"))) == 200


def test_finding_loads_none_of_what_pulling_needs() -> None:
    """The warm path of every call: each module costs 14 times its time in the smallest function."""
    probe = (
        "import sys, json, os, typing; known = set(sys.modules);"
        "from scar_oci.store import ImageStore; ImageStore('/nonexistent').find('sha256:' + '0' * 64);"
        "print(*sorted(set(sys.modules) - known))"
    )
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == [
        "__future__",
        "scar_oci",
        "scar_oci.config",
        "scar_oci.runtime",
        "scar_oci.store",
    ]
