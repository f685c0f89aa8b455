"""What can go wrong between the name of an image and its tree on disk.

The class names are stable: they travel to the client as the type of a failure.
"""

from __future__ import annotations


def as_text(message: str) -> str:
    """A message with the bytes of names that are not UTF-8 as ``\\xNN``.

    As Python has them in a text, they end the process of AWS's runtime client, which only encodes Unicode.
    """
    return message.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class ImageError(Exception):
    """What failed and why (``str(error)``), what to do about it (``hint``), whether it may pass by itself."""

    temporary = False
    """True if the same request may succeed later without anybody changing anything."""

    def __init__(self, message: str, *, hint: str = "", temporary: bool | None = None) -> None:
        super().__init__(as_text(message))
        self.hint = hint
        if temporary is not None:
            self.temporary = temporary


class InvalidReference(ImageError):
    """Not the name of an image as Docker writes it."""


class ImageNotFound(ImageError):
    """The registry answered, and has no such image, tag or blob."""


class RegistryUnreachable(ImageError):
    """No usable answer: refused, reset, timed out, no such host, a server error that stayed."""

    temporary = True


class RegistryDenied(ImageError):
    """The registry wants credentials, or refuses those it got."""


class RateLimited(ImageError):
    """The registry asks to come back later than we can wait."""

    temporary = True
    retry_after = 0.0
    """Seconds that the registry asked for, or 0."""


class PlatformMissing(ImageError):
    """The image exists, but not for the function's architecture."""


class UnsupportedImage(ImageError):
    """A format that this program does not read."""


class CorruptImage(ImageError):
    """Bytes that are not those their digest or size announced, or a layer that is cut short."""


class UnsafeLayer(ImageError):
    """A layer entry that would reach outside the image's tree."""


class IncompatibleImage(ImageError):
    """An image that cannot run in the function: a static program or another C library than glibc."""


class NotEnoughSpace(ImageError):
    """The image does not fit. ``needed`` and ``available`` are bytes on the store's file system."""

    def __init__(self, message: str, *, needed: int, available: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.needed = needed
        self.available = available
