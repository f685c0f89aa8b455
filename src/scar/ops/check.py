"""`scar check`: what an image is, and how a function could run it, without making one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scar import limits
from scar.config import Config
from scar.deploy import images, kit, udocker
from scar.deploy.storage import for_image as storage_for
from scar.inspection import advice, skeleton
from scar.inspection.facts import Facts, gather
from scar.inspection.modes import RUNS_NOT, Verdict, verdicts
from scar.ops import zstd
from scar.ops.talk import Talk
from scar_supervisor.contract import EXEC_MODES, KIT_FOLDER

if TYPE_CHECKING:
    from scar_oci.manifest import ResolvedImage
    from scar_oci.source import Source


@dataclass(frozen=True)
class CheckRequest:
    """What the user asked for."""

    image: str
    """A name, or the path of a file or folder with images in it."""
    arguments: tuple[str, ...] = ()
    """In place of the image's CMD."""
    named: str = ""
    """Which of several images in a file."""
    architecture: str = "x86_64"
    exec_mode: str = EXEC_MODES[0]
    """That is asked for: all are told of."""

    @property
    def is_file(self) -> bool:
        """Also without a slash, if it is there. A folder must hold a layout: many are called as images."""
        if self.image.startswith(("/", "./", "../")) or os.path.isfile(self.image):
            return True
        return os.path.isfile(os.path.join(self.image, "index.json"))


@dataclass(frozen=True)
class Report:
    """What was found out."""

    name: str
    digest: str
    architecture: str
    compressed: int
    """Bytes of the layers as they are stored."""
    stream: int
    """Bytes of their tar streams."""
    fetched: int
    """Bytes of the layers that were read to find out."""
    memory: int
    """Megabytes that are advised."""
    seconds: float
    """That a first call would wait for the image with so much memory; an estimate."""
    storage: int
    """Megabytes of /tmp that `scar init` would take."""
    facts: Facts
    verdicts: tuple[Verdict, ...]
    exec_mode: str
    remarks: tuple[str, ...]
    """What it needs of the function beside that, in sentences without the full stop."""

    @property
    def runs(self) -> bool:
        """In the mode that was asked for, or perhaps: then a call tells."""
        (asked,) = (verdict for verdict in self.verdicts if verdict.mode == self.exec_mode)
        return asked.answer != RUNS_NOT


def check(request: CheckRequest, config: Config, talk: Talk) -> Report:
    """Look at the image. Raises ScarError if it cannot be had, is not for the architecture, or is too large.

    What the image's documents and the sizes in its layers' trailers tell is asked first: no layer of an image
    that is refused for these is fetched.
    """
    limits.architecture(request.architecture, "--architecture")
    limits.exec_mode(request.exec_mode, "--exec-mode")
    talk.say(f"look for image {request.image} for {request.architecture}")
    with _source(request, config) as (source, found):
        unpacked = source.unpacked_size(found)
        storage_for(request.image, found.download_size, unpacked)  # raises what init would raise
        return _report(request, source, found, config.lambda_runtime, talk)


def _source(request: CheckRequest, config: Config) -> AbstractContextManager[tuple[Source, ResolvedImage]]:
    if request.is_file:
        return images.of_file(request.image, request.named, request.architecture)
    return images.of_registry(request.image, request.architecture, config.registry_mirror)


def _report(request: CheckRequest, source: Source, found: ResolvedImage, runtime: str, talk: Talk) -> Report:
    config = source.config(found)
    with skeleton.made(source, found, talk.say) as tree:
        facts = gather(tree, config, request.architecture, request.arguments)
    memory = advice.memory(found.download_size, tree.stream)
    return Report(
        name=found.reference.familiar,
        digest=found.digest,
        architecture=request.architecture,
        compressed=found.download_size,
        stream=tree.stream,
        fetched=tree.fetched,
        memory=memory,
        seconds=advice.fetching_seconds(memory, found.download_size, tree.stream),
        storage=storage_for(request.image, found.download_size, tree.stream),
        facts=facts,
        verdicts=verdicts(facts, _builds(request.architecture), udocker.lacking(request.architecture)),
        exec_mode=request.exec_mode,
        remarks=tuple(_remarks(found, runtime)),
    )


def _remarks(found: ResolvedImage, runtime: str) -> Iterator[str]:
    if "zstd" in found.compressions and not zstd.is_read_by(runtime):
        yield f"layers are compressed with zstd, which {runtime} cannot read: scar init {zstd.REMEDY}"


def _builds(architecture: str) -> frozenset[str]:
    """The builds of libfakechroot that a function made here would carry."""
    prefix = f"{KIT_FOLDER}/{architecture}/"
    try:
        return frozenset(path.removeprefix(prefix).partition("/")[0] for path in kit.files(architecture))
    except kit.NoKit:
        return frozenset()
