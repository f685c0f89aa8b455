"""Builds the images of ``images/`` and ``examples/`` and pushes them to the loopback registry.

Each folder there with a Dockerfile becomes one image. buildah asks the loopback registry for what is
docker.io's, so that Dockerfiles are ordinary ones and images have the names that users know. mmdebstrap makes
their base of Debian packages. What is in the registry already, made from the same files, is not made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from tools import registry
from tools.cache import cache

ROOT = Path(__file__).resolve().parent.parent
"""Of the checkout."""

NAMESPACES = {"images": "scar-test", "examples": "grycap"}
"""Where the images of a folder's Dockerfiles belong on Docker Hub."""

MANIFEST_TYPE = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)

# What Debian's own slim images leave out too.
SLIM = [
    "exclude=doc/*",
    "include=doc/*/copyright",
    *(f"exclude={name}/*" for name in ("info", "locale", "man")),
]

# And apt's caches: with these a layer that installs a package would be 35 MB larger.
APT = 'APT::Keep-Downloaded-Packages "false"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";'
CLEAN = f"""rm "$1"/var/cache/apt/*.bin; echo '{APT}' > "$1/etc/apt/apt.conf.d/docker-clean\""""

BOOTSTRAP = [
    *("mmdebstrap", "--quiet", "--variant=minbase", f"--customize-hook={CLEAN}"),
    *(f"--dpkgopt=path-{rule.replace('=', '=/usr/share/')}" for rule in SLIM),
]
"""Followed by a release. Packages come from where mmdebstrap takes them by itself: no address stands here."""

BASES = {"library/debian:bookworm-slim": [*BOOTSTRAP, "bookworm"]}

REGISTRIES = """\
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io"
location = "{host}"
insecure = true
"""

DOCKER_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

POLICY = {"default": [{"type": "insecureAcceptAnything"}]}


class Image(NamedTuple):
    """One image to be in the registry."""

    name: str
    """Repository and tag on Docker Hub."""
    key: str
    """Changes when anything that the image is made from does."""
    context: Path | None = None
    """The folder of its Dockerfile; None for a base."""


class Builder:
    """buildah with a storage of its own, which is thrown away with the folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "BUILDAH_ISOLATION": "chroot",
            "STORAGE_DRIVER": "vfs",
            "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
            "TMPDIR": str(folder),
        }
        self._host = url.removeprefix("http://")
        (folder / "registries.conf").write_text(REGISTRIES.format(host=self._host))
        (folder / "policy.json").write_text(json.dumps(POLICY))

    def build(self, image: Image) -> str:
        """Makes and pushes one image. Returns the digest of its manifest."""
        if image.context is None:
            self._bootstrap(image.name)
        else:
            self._buildah(
                "build", "--quiet", "--layers=false", "--tag", _docker_hub(image.name), image.context
            )
        digest_file = self._folder / "digest"
        # A push goes where it is told: the configuration's mapping is for pulls only.
        destination = f"docker://{self._host}/{image.name}"
        self._buildah(
            *("push", "--quiet", "--tls-verify=false", "--digestfile", digest_file),
            *(_docker_hub(image.name), destination),
        )
        return digest_file.read_text()

    def _bootstrap(self, name: str) -> None:
        tree = self._folder / "base.tar"
        subprocess.run([*BASES[name], tree], check=True, stdout=sys.stderr)
        container = self._buildah("from", "scratch")
        self._buildah("add", "--quiet", container, tree, "/")
        self._buildah("config", "--cmd", "bash", "--env", DOCKER_PATH, container)
        self._buildah("commit", "--quiet", "--rm", container, _docker_hub(name))
        tree.unlink()

    def _buildah(self, command: str, *arguments: str | Path) -> str:
        """Runs one command. Returns what it printed: the name or digest of what it made."""
        call: list[str | Path] = [
            "buildah",
            "--root",
            self._folder / "storage",
            "--runroot",
            self._folder / "run",
        ]
        call.append(command)
        if command in ("build", "from", "push", "commit"):
            call += ["--signature-policy", self._folder / "policy.json"]
        result = subprocess.run(
            [*call, *arguments], check=True, stdout=subprocess.PIPE, env=self._environment, text=True
        )
        return str(result.stdout).strip()


def ensure(url: str) -> list[str]:
    """Builds what the registry lacks. Returns the names of all images."""
    images = wanted()
    missing = [image for image in images if not _is_current(url, image)]
    if missing:
        with tempfile.TemporaryDirectory(prefix="scar-build-", dir=cache()) as folder:
            builder = Builder(url, Path(folder))
            for image in missing:
                print(f"building {image.name}", file=sys.stderr, flush=True)
                digest = builder.build(image)
                _stamp(image).write_text(f"{image.key} {digest}\n")
    return [image.name for image in images]


def wanted() -> list[Image]:
    """The images to have, bases first."""
    bases = [Image(name, _hash(*command)) for name, command in BASES.items()]
    built = [
        Image(
            f"{namespace}/{dockerfile.parent.name}:latest",
            _hash(*(base.key for base in bases), *_contents(dockerfile.parent)),
            dockerfile.parent,
        )
        for folder, namespace in NAMESPACES.items()
        for dockerfile in sorted((ROOT / folder).glob("*/Dockerfile"))
    ]
    return bases + built


def _contents(folder: Path) -> list[str | bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [part for path in files for part in (str(path.relative_to(folder)), path.read_bytes())]


def _hash(*parts: str | bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(b"%d:" % len(data) + data)
    return whole.hexdigest()


def _is_current(url: str, image: Image) -> bool:
    """True if the registry's tag is what was pushed when the image was made from the same files."""
    stamp = _stamp(image)
    return stamp.is_file() and stamp.read_text().split() == [image.key, _digest(url, image.name)]


def _digest(url: str, name: str) -> str | None:
    repository, tag = name.rsplit(":", 1)
    request = urllib.request.Request(  # noqa: S310
        f"{url}/v2/{repository}/manifests/{tag}", method="HEAD", headers={"Accept": MANIFEST_TYPE}
    )
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            digest: str | None = response.headers["Docker-Content-Digest"]
            return digest
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return None
        raise


def _stamp(image: Image) -> Path:
    folder = cache() / "images"
    folder.mkdir(exist_ok=True)
    return folder / image.name.replace("/", "_").replace(":", "_")


def _docker_hub(name: str) -> str:
    return f"docker.io/{name}"


def main() -> None:
    """The command line: builds with a registry of its own."""
    with registry.serving() as url:
        try:
            names = ensure(url)
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"{error}\n{error.stdout or ''}") from error
    print(f"in the loopback registry: {', '.join(names)}")


if __name__ == "__main__":
    main()
