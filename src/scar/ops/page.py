"""The page of `scar report --html`: collected while the log is read, and written at the end."""

from __future__ import annotations

from pathlib import Path

from scar import atomic, html_report
from scar.errors import ScarError, UsageError
from scar.summary import Summary
from scar.timeline import Timeline


class Page:
    """A file to be written. What stands in its way is said at once, by UsageError and ScarError."""

    def __init__(self, path: Path, source: str) -> None:
        if path.exists() and not path.is_file():
            raise UsageError(f"{source}: {path} is there, and is no file")
        if not path.parent.is_dir():
            raise UsageError(f"{source}: there is no folder {path.parent}")
        self._path = path
        self._script = html_report.library()
        self.timeline = Timeline()

    def write(self, summary: Summary) -> None:
        """Put the page in place of what the file had. Raises ScarError."""
        content = html_report.page(summary, self.timeline, self._script)
        try:
            atomic.write(self._path, content.encode())
        except OSError as error:
            raise ScarError(f"--html: {self._path} cannot be written: {error.strerror}") from error
