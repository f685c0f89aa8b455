"""Deployment packages unzipped, once per content."""

from __future__ import annotations

import io
import os
import shutil
import threading
import zipfile
from pathlib import Path

from scar.local.function import FunctionSpec


class CodeCache:
    """Folders of unzipped code under one folder, named by the digest of the package."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def folder(self, spec: FunctionSpec) -> Path:
        """The unzipped code of a function. Raises zipfile.BadZipFile."""
        target = self._folder / spec.code_digest
        with self._lock:
            if not target.is_dir():
                partial = self._folder / f"{spec.code_digest}.partial"
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                _unzip(spec.code, partial)
                partial.rename(target)
        return target


def _unzip(package: bytes, folder: Path) -> None:
    """`ZipFile.extract` keeps names inside the folder but forgets the permissions: Lambda keeps them."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for entry in archive.infolist():
            path = archive.extract(entry, folder)
            mode = entry.external_attr >> 16 & 0o777
            if mode and not entry.is_dir():
                os.chmod(path, mode)
