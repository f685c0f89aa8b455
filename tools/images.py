"""Builds the images of ``images/`` and ``examples/`` and pushes them to the loopback registry.

Each folder there with a Dockerfile becomes one image. Without more being said those that tests need are made,
else those that are asked for (``python -m tools.images scar-compat/ grycap/ffmpeg:``). buildah asks the
loopback registry for what is docker.io's, so that Dockerfiles are ordinary ones and images have the names
that users know. mmdebstrap makes their base of Debian packages. What is in the registry already, made from
the same files, is not made again.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from tools import registry
from tools.buildah import Buildah
from tools.cache import cache

ROOT = Path(__file__).resolve().parent.parent
"""Of the checkout."""

NAMESPACES = {"images": "scar-test", "images/compat": "scar-compat", "examples": "grycap"}
"""Where the images of a folder's Dockerfiles belong on Docker Hub."""

TESTED = ("library/", "scar-test/", "grycap/cowsay:")
"""How the names begin of those that tests need."""

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"

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

BASES = {
    f"library/debian:{release}-slim": [*BOOTSTRAP, release] for release in ("bullseye", "bookworm", "trixie")
}


class Image(NamedTuple):
    """One image to be in the registry."""

    name: str
    """Repository and tag on Docker Hub."""
    key: str
    """Changes when anything that the image is made from does."""
    context: Path | None = None
    """The folder of its Dockerfile; None for a base."""


def ensure(url: str, *prefixes: str) -> list[str]:
    """Builds what is missing of the images whose names begin so, and of their bases. Returns their names."""
    images = chosen(prefixes or TESTED)
    missing = [image for image in images if not is_current(url, image)]
    if missing:
        with tempfile.TemporaryDirectory(prefix="scar-build-", dir=cache()) as folder:
            builder = Buildah(url, Path(folder))
            try:
                _build_all(builder, missing)
            finally:
                builder.discard()
    return [image.name for image in images]


def known() -> list[Image]:
    """The images that there are files for, bases first."""
    bases = [Image(name, _hash(*map(str.encode, command))) for name, command in BASES.items()]
    built = [
        Image(f"{namespace}/{folder.name}:latest", _hash(*_made_from(folder, bases)), folder)
        for parent, namespace in NAMESPACES.items()
        for folder in sorted(dockerfile.parent for dockerfile in (ROOT / parent).glob("*/Dockerfile"))
    ]
    return bases + built


def chosen(prefixes: tuple[str, ...]) -> list[Image]:
    """The images whose names begin so, and the bases that they need, bases first."""
    images = known()
    bases = [image for image in images if image.context is None]
    wanted = [image for image in images if image.name.startswith(prefixes)]
    needed = [base for image in wanted if image.context for base in _below(image.context, bases)]
    return [image for image in images if image in wanted or image in needed]


def _below(folder: Path, bases: list[Image]) -> list[Image]:
    """The bases that a Dockerfile names."""
    dockerfile = (folder / "Dockerfile").read_text()
    return [base for base in bases if base.name.removeprefix("library/") in dockerfile]


def _made_from(folder: Path, bases: list[Image]) -> list[bytes]:
    return ["".join(base.key for base in _below(folder, bases)).encode(), *sources(folder)]


def sources(folder: Path) -> list[bytes]:
    """All that the image of a folder is made from: the Dockerfile, and the other files if it copies any."""
    dockerfile = (folder / "Dockerfile").read_bytes()
    if not re.search(rb"^\s*(COPY|ADD)\s+(?!--from=)", dockerfile, re.MULTILINE):
        return [dockerfile]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [part for path in files for part in (bytes(path.relative_to(folder)), path.read_bytes())]


def is_current(url: str, image: Image) -> bool:
    """True if the registry's tag is what was pushed when the image was made from the same files."""
    stamp = _stamp(image)
    return stamp.is_file() and stamp.read_text().split() == [image.key, _digest(url, image.name)]


def _build_all(builder: Buildah, images: list[Image]) -> None:
    for image in images:
        print(f"building {image.name}", file=sys.stderr, flush=True)
        if image.context is None:
            builder.bootstrap(image.name, BASES[image.name])
        else:
            builder.build(image.name, image.context)
        _stamp(image).write_text(f"{image.key} {builder.push(image.name)}\n")


def _digest(url: str, name: str) -> str | None:
    """Of the image's manifest in the registry; None if it is not there."""
    repository, tag = name.rsplit(":", 1)
    request = urllib.request.Request(  # noqa: S310 - the registry's URL is ours
        f"{url}/v2/{repository}/manifests/{tag}", method="HEAD", headers={"Accept": MANIFEST_TYPE}
    )
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return str(response.headers["Docker-Content-Digest"])
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return None
        raise


def _stamp(image: Image) -> Path:
    """The file that says what the image in the registry was made from."""
    folder = cache() / "images"
    folder.mkdir(exist_ok=True)
    return folder / image.name.replace("/", "_").replace(":", "_")


def _hash(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(b"%d:" % len(part) + part)
    return whole.hexdigest()


def main() -> None:
    """The command line: builds with a registry of its own. Arguments are how the names of images begin."""
    with registry.serving() as url:
        try:
            names = ensure(url, *sys.argv[1:])
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"{error}\n{error.stdout or ''}") from error
    print(f"images: {', '.join(names)}")


if __name__ == "__main__":
    main()
