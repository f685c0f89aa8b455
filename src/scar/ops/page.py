"""The page of `scar report --html`: collected while the log is read, and written at the end."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from scar import atomic, html_report
from scar.errors import ScarError, UsageError
from scar.summary import Summary
from scar.timeline import Timeline


class Page:
    """A file to be written. What stands in its way is said at once, by UsageError and ScarError."""

    def __init__(self, path: Path, source: str) -> None:
        try:
            self._file = path.resolve()
            _check(self._file)
        except OSError as error:
            raise UsageError(f"{source}: {path} cannot be written: {error.strerror}") from error
        self._source = source
        self._script = html_report.library()
        self.timeline = Timeline()

    def write(self, summary: Summary) -> None:
        """Put the page in place of what the file had. Raises ScarError."""
        content = html_report.page(summary, self.timeline, self._script)
        try:
            atomic.write(self._file, content.encode())
        except OSError as error:
            raise ScarError(f"{self._source}: {self._file} cannot be written: {error.strerror}") from error


def _check(file: Path) -> None:
    """Raises OSError for what cannot be a file, or be put in the place of one."""
    if file.exists() and not file.is_file():
        raise OSError(errno.EEXIST, "it is there, and is no file")
    if not file.parent.is_dir():
        raise OSError(errno.ENOENT, "there is no such folder")
    if not os.access(file.parent, os.W_OK):
        raise OSError(errno.EACCES, "its folder is closed to you")
