"""The entry of the function: one call, from event to result.

    event ─ a call of `scar run`, objects in S3, or anything else
      │
    Invocation ─ what Lambda says of the call                   (invocation)
    Task ─ for each object, or the event, or the call           (events, task)
      │
      ├─ Function: configuration, from Lambda's environment     (function)
      ├─ StoredImage: found on disk, or pulled by scar_oci      (image)
      ├─ CallFolder: /tmp/<request id>, removed at the end      (folder)
      ├─ an object: staged in before, results out after         (staging, keys)
      │
    Container ─ command and environment                         (container)
      ├─ program: which binary of the image                     (program)
      ├─ F1: its argv and environment for exec                  (f1; udocker for the other modes)
      └─ process: deadline, output, the whole tree stopped      (process, output)
      │
    Result ─ what the client is told                            (contract)

A call of `scar run` gets a result, also when the container or SCAR failed. An event has nobody to read
one: its failures are raised, after what there is was uploaded, so that Lambda's retries and destinations
see them, and the messages of a queue go back into it, but for those that were processed (queue).

Everything that one call needs is in the values passed down here. What is kept between calls is no call's: the
configuration, the image on disk, an empty folder, the S3 client.
"""

from __future__ import annotations

from typing import Any

from scar_oci.errors import ImageError

from . import contract
from .contract import Call, Failure, Result
from .errors import ContainerFailed, ContainerTimedOut, SupervisorError
from .invocation import Invocation
from .output import BoundedOutput, Log
from .process import SUCCESS
from .task import Outcome, Task, ended_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .events import Message


def handle(event: Any, context: Any) -> dict[str, Any]:
    """Serve one event. The name is in the function's configuration (`contract.HANDLER`)."""
    invocation = Invocation.from_context(context)
    log = Log()
    if isinstance(event, dict) and contract.PAYLOAD_KEY in event:
        return _serve_call(event, invocation, log)
    return _serve_event(event, Task(invocation, log))


def _serve_call(payload: dict[str, Any], invocation: Invocation, log: Log) -> dict[str, Any]:
    output = BoundedOutput(contract.OUTPUT_LIMIT)
    call, outcome, failure = Call(), Outcome(), None
    try:
        call = Call.from_payload(payload)
        _run_call(Task(invocation, log, call, output), outcome)
        ended = outcome.ended or SUCCESS
    except (SupervisorError, ImageError, contract.ContractError) as error:
        if call.raise_on_failure:
            raise
        ended = ended_by(error, outcome)
        if not isinstance(error, ContainerFailed | ContainerTimedOut):  # the exit status says those
            failure = Failure(type(error).__name__, str(error), getattr(error, "hint", ""))
            if isinstance(error, contract.ContractError):  # a task tells its own
                log.note(f"{failure.type}: {failure.message}")
    return Result(
        request_id=invocation.request_id,
        log_group=invocation.log_group,
        log_stream=invocation.log_stream,
        exit_code=ended.exit_code,
        output=output.value(),
        output_size=output.size,
        timed_out=ended.timed_out,
        image_pulled=outcome.pulled,
        error=failure,
    ).to_document()


def _run_call(task: Task, outcome: Outcome) -> None:
    if task.call.object is None:
        task.run_call(outcome)
    else:
        from .events import S3Object

        task.run_item(S3Object(*task.call.object), outcome)


def _serve_event(event: Any, task: Task) -> dict[str, Any]:
    """Do all that an event asks for, also after a part of it failed; raise the first failure at the end."""
    from . import queue
    from .events import messages

    count = 0
    done: list[Message] = []
    failures: list[Exception] = []
    for message in messages(event):
        failed = len(failures)
        for item in message.items:
            outcome = Outcome()
            try:
                task.run_item(item, outcome)
                count += not outcome.skipped
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are not to suffer
                failures.append(error)
        if len(failures) == failed:
            done.append(message)
        elif queue.keeps_order(message):
            break
    if failures:
        if done:
            queue.delete(done, task.log)
        raise failures[0]
    return _processed(count)


def _processed(count: int) -> dict[str, Any]:
    return {contract.PAYLOAD_KEY: {"version": contract.VERSION, "processed": count}}
