"""An image from a real registry to a tree on disk."""

from __future__ import annotations

import os

from tests.oci.lab import Lab
from tests.oci.layers import file, folder, image, layer, symlink


def test_an_image_is_unpacked_described_and_found_again(lab: Lab) -> None:
    process = {
        "Entrypoint": ["/bin/hello"],
        "Cmd": ["-n"],
        "Env": ["PATH=/bin", "A=b=c"],
        "WorkingDir": "/srv",
    }
    base = layer(
        folder("bin"), file("bin/hello", b"#!/bin/sh\necho hello\n", mode=0o755), symlink("sh", "/bin/sh")
    )

    pulled = lab.roundtrip(image(base, process=process))

    assert lab.store.find(pulled.digest) == pulled
    assert pulled.config.entrypoint == ("/bin/hello",)
    assert pulled.config.cmd == ("-n",)
    assert pulled.config.env == (("PATH", "/bin"), ("A", "b=c"))
    assert pulled.config.working_dir == "/srv"
    assert pulled.config.architecture == "amd64"
    with open(os.path.join(pulled.rootfs, "bin/hello"), "rb") as hello:
        assert hello.read() == b"#!/bin/sh\necho hello\n"
    assert os.stat(os.path.join(pulled.rootfs, "bin/hello")).st_mtime == 1_600_000_000
    assert os.readlink(os.path.join(pulled.rootfs, "sh")) == "bin/sh"
