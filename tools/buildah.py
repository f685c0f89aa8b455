"""buildah, so that it builds ordinary Dockerfiles with nothing but the loopback registry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

REGISTRIES = """\
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io"
location = "{host}"
insecure = true
"""
"""Images are pulled from the loopback registry under their names on Docker Hub."""

POLICY = {"default": [{"type": "insecureAcceptAnything"}]}
"""The images are our own: there are no signatures to check."""

DOCKER_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Buildah:
    """Builds with a storage of its own, which is thrown away with the folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        self._host = url.removeprefix("http://")
        registries, self._policy = folder / "registries.conf", folder / "policy.json"
        registries.write_text(REGISTRIES.format(host=self._host))
        self._policy.write_text(json.dumps(POLICY))
        (folder / "config.json").write_text("{}")
        self._environment = {
            **os.environ,
            "BUILDAH_ISOLATION": "chroot",
            "STORAGE_DRIVER": "vfs",
            "CONTAINERS_REGISTRIES_CONF": str(registries),
            "DOCKER_CONFIG": str(folder),  # the loopback registry knows no user
            "TMPDIR": str(folder),
        }

    def bootstrap(self, name: str, command: list[str]) -> None:
        """Makes a base image of the archive that a command writes to the path given as its last argument."""
        tree = self._folder / "base.tar"
        subprocess.run([*command, tree], check=True, stdout=sys.stderr)
        container = self._run("from", "scratch")
        self._run("add", "--quiet", container, tree, "/")
        self._run("config", "--cmd", "bash", "--env", DOCKER_PATH, container)
        self._run("commit", "--quiet", "--rm", container, _on_docker_hub(name))
        tree.unlink()

    def build(self, name: str, context: Path) -> None:
        """Builds the Dockerfile of a folder."""
        self._run("build", "--quiet", "--layers=false", "--tag", _on_docker_hub(name), context)

    def push(self, name: str) -> str:
        """Pushes an image to the loopback registry. Returns the digest of its manifest."""
        digest_file = self._folder / "digest"
        # A push goes where it is told: what the configuration says about docker.io is for pulls only.
        destination = f"docker://{self._host}/{name}"
        options = ["--quiet", "--tls-verify=false", "--digestfile", str(digest_file)]
        self._run("push", *options, _on_docker_hub(name), destination)
        return digest_file.read_text()

    def discard(self) -> None:
        """Removes the storage. If we are not root, its files are of the ids of buildah's user namespace."""
        if os.geteuid() != 0:
            self._run("unshare", "rm", "-rf", self._folder / "storage")

    def _run(self, command: str, *arguments: str | Path) -> str:
        """One command of buildah. Returns what it printed: the name or the digest of what it made."""
        call: list[str | Path] = ["buildah", "--root", self._folder / "storage"]
        call += ["--runroot", self._folder / "run", command]
        if command in ("build", "commit", "from", "push"):
            call += ["--signature-policy", self._policy]
        call += arguments
        done = subprocess.run(call, check=True, stdout=subprocess.PIPE, env=self._environment, text=True)
        return done.stdout.strip()


def _on_docker_hub(name: str) -> str:
    return f"docker.io/{name}"
