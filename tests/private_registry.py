"""A real registry that wants a user's name and password."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import registry

USER, PASSWORD = "reader", "c0rrect-h0rse"
_SALT = b"$2b$04$abcdefghijklmnopqrstuu"


@contextmanager
def serving(folder: Path, data: Path | None = None) -> Iterator[str]:
    """Its URL. ``folder`` takes the file of passwords; ``data`` is as in ``registry.serving``."""
    passwords = folder / "htpasswd"
    passwords.write_text(f"{USER}:{_bcrypt(PASSWORD)}\n")
    auth = f'auth: {{htpasswd: {{realm: "test", path: "{passwords}"}}}}\n'
    with registry.serving(data, auth) as url:
        yield url


def _bcrypt(password: str) -> str:
    library = ctypes.CDLL(ctypes.util.find_library("crypt"))
    library.crypt.restype = ctypes.c_char_p
    hashed: bytes = library.crypt(password.encode(), _SALT)
    return hashed.decode()
