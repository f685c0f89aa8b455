"""Against the tools of others: images that skopeo copies come out as umoci unpacks them."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.oci.lab import Lab
from tests.oci.layers import Layer, file, folder, gz, hardlink, image, layer, symlink, tar

_STACK = image(
    layer(
        folder("bin"),
        file("bin/tool", b"old", mode=0o755),
        folder("etc/many"),
        *(file(f"etc/many/{number}", b"x" * number) for number in range(30)),
        symlink("etc/link", "many/7"),
        hardlink("bin/same", "bin/tool"),
    ),
    layer(
        file("bin/.wh.same"),
        file("bin/tool", b"new", mode=0o700),
        file("etc/many/.wh..wh..opq"),
        file("etc/many/31"),
    ),
    Layer(gz(tar(folder("was-file"), file("was-file/f"))[:-1024]) + gz(bytes(1024))),
    layer(file("was-file"), symlink("etc/many", "elsewhere"), file("/.wh.nothing")),
)

_FORMATS = {
    "docker": ["--format", "v2s2"],
    "oci": ["--format", "oci"],
    "zstd": ["--format", "oci", "--dest-compress-format", "zstd"],
}


@pytest.mark.parametrize("format", list(_FORMATS))
def test_a_copied_image_is_unpacked_as_umoci_does(
    lab: Lab, registry_url: str, tmp_path: Path, format: str
) -> None:
    lab.pusher.push("test/stack", "latest", _STACK)
    registry = registry_url.replace("http://", "docker://")
    skopeo(
        "--src-tls-verify=false",
        *_FORMATS["oci"],
        f"{registry}/test/stack:latest",
        f"oci:{tmp_path}/oci:latest",
    )
    skopeo(
        "--dest-tls-verify=false",
        *_FORMATS[format],
        f"oci:{tmp_path}/oci:latest",
        f"{registry}/test/copy:{format}",
    )
    subprocess.run(
        [
            "umoci",
            "raw",
            "unpack",
            "--rootless",
            "--image",
            f"{tmp_path}/oci:latest",
            str(tmp_path / "theirs"),
        ],
        check=True,
        capture_output=True,
    )
    ours = lab.pull(f"test/copy:{format}")
    assert listing(Path(ours.rootfs)) == listing(tmp_path / "theirs")


def skopeo(*arguments: str) -> None:
    subprocess.run(["skopeo", "--insecure-policy", "copy", *arguments], check=True, capture_output=True)


def listing(root: Path) -> dict[str, tuple[object, ...]]:
    """Kind, permissions, content and time of everything below a folder."""
    found: dict[str, tuple[object, ...]] = {}
    for path in root.rglob("*"):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            about: tuple[object, ...] = ("link", os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            about = ("folder", stat.S_IMODE(status.st_mode))
        else:
            about = (path.read_bytes(), stat.S_IMODE(status.st_mode), status.st_nlink, status.st_mtime)
        found[str(path.relative_to(root))] = about
    return found
