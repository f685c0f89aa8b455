"""Writing a file that others see either as it was or whole."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Put the content in place of a file, which keeps its rights, or make the file. Raises OSError.

    A link stays a link.
    """
    file = path.resolve()
    temporary = file.with_name(f".{secrets.token_hex(8)}.part")
    with temporary.open("xb") as stream:
        try:
            if file.exists():
                os.fchmod(stream.fileno(), file.stat().st_mode & 0o777)
            stream.write(content)
            stream.flush()
            temporary.replace(file)
        except BaseException:
            temporary.unlink()
            raise
