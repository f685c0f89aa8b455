"""Images of the registry in files, as `docker save` and skopeo write them."""

from __future__ import annotations

import subprocess
from pathlib import Path


def save(registry: str, image: str, kind: str, path: Path) -> Path:
    """The image in a new file or folder. ``kind`` is skopeo's: ``oci``, ``oci-archive``, ``docker-archive``.

    Layers in a ``docker-archive`` are not compressed: those of the demo's image are too large for a package.
    """
    source = f"{registry.replace('http://', 'docker://')}/{image}:latest"
    target = f"{kind}:{path}:{image}:latest"
    subprocess.run(["skopeo", "copy", "-q", "--src-tls-verify=false", source, target], check=True)
    return path
