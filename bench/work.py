"""The work that is done for each file, with SCAR and without it, and the look whether it was done."""

from __future__ import annotations

import hashlib
from pathlib import Path

SCRIPT = b"""#!/bin/sh
set -e
name=${SCAR_INPUT_FILE##*/}
cp "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR/$name"
sha256sum < "$SCAR_INPUT_FILE" > "$SCAR_OUTPUT_DIR/$name.sha256"
"""
"""Copies a file and writes its hash beside the copy."""

SUFFIX = ".sha256"


def check(source: Path, results: dict[str, bytes]) -> None:
    """Exactly one copy and one hash of each file of a folder, no more and no less. Raises SystemExit."""
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in source.iterdir()}
    wanted = hashes | {f"{name}{SUFFIX}": f"{value}  -\n" for name, value in hashes.items()}
    found = {
        name: content.decode() if name.endswith(SUFFIX) else hashlib.sha256(content).hexdigest()
        for name, content in results.items()
    }
    wrong = {name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)}
    if wrong:
        raise SystemExit(f"{len(wrong)} results are missing, wrong or too many, for example {min(wrong)}")
