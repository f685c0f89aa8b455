"""One call of an image in the local cloud: by a function that is made for it and removed again."""

from __future__ import annotations

import os
import secrets

from scar.config import Config
from scar.deploy.calls import Outcome
from scar.ops import init, rm, run
from scar.ops.check import CheckRequest, Report
from scar.ops.cloud import connect
from scar.ops.init import InitRequest
from scar.ops.run import Queued, RunRequest
from scar.ops.talk import Talk
from scar.ops.where import Where

_LOCAL = Where(local=True)


def attempt(request: CheckRequest, report: Report, config: Config, talk: Talk) -> Outcome:
    """Run the image as `scar run` would, with the arguments if there are any. Raises ScarError."""
    wanted = InitRequest(
        image=request.named or None if request.is_file else request.image,
        image_file=request.image if request.is_file else None,
        name=f"scar-check-{secrets.token_hex(4)}",
        memory=report.memory,
        storage=report.storage,
        architecture=request.architecture,
        exec_mode=request.exec_mode,
    )
    prepared = init.prepare(wanted, _LOCAL, config, talk)
    prepared.plan.apply(talk.say)
    cloud = connect(_LOCAL, config, talk)
    try:
        call = RunRequest(prepared.spec.name, args=tuple(map(os.fsencode, request.arguments)))
        outcome = run.run(call, run.payload(call), cloud)
    finally:
        rm.rm(prepared.spec.name, cloud, talk.say)
    assert not isinstance(outcome, Queued)  # noqa: S101 - the call was not asynchronous
    return outcome
