"""Plans as values, and their execution: all of it, or nothing."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace

import pytest

from scar.aws.errors import Unreachable
from scar.aws.functions import Package
from scar.aws.logs import LogGroup
from scar.aws.session import Aws
from scar.deploy import names, steps
from scar.deploy.executor import execute
from scar.deploy.notification import Entry
from scar.deploy.planner import Existing, Source, plan_init
from scar.deploy.spec import FunctionSpec, RoleArn, function_environment
from scar.errors import Interrupted, ScarError, UsageError

SPEC = FunctionSpec(
    name="cowsay",
    region="eu-west-1",
    description="",
    memory=128,
    time=300,
    threshold=10,
    storage=512,
    role=RoleArn("arn:aws-cn:iam::123456789012:role/r"),
    runtime="python3.13",
    architecture="x86_64",
    image="grycap/cowsay",
    digest="sha256:ab",
    registry_mirror="",
    environment={"AWS_REGION": "x"},
    owner="alice",
)
PACKAGE = Package(b"zip")


def test_a_plain_function() -> None:
    assert plan_init(SPEC, PACKAGE, Existing()) == (
        steps.CreateLogGroup("/aws/lambda/cowsay", (("createdby", "scar"), ("owner", "alice"))),
        steps.KeepLogs("/aws/lambda/cowsay", 30),
        steps.CreateFunction(SPEC.new_function(PACKAGE)),
        steps.WaitUntilActive("cowsay"),
    )


@pytest.mark.parametrize("group", [LogGroup({}), LogGroup({"createdby": "scar"}, retention_days=7)])
def test_a_log_group_that_exists_is_left_as_it_is(group: LogGroup) -> None:
    plan = plan_init(SPEC, PACKAGE, Existing(log_group=group))
    assert [type(step) for step in plan] == [steps.CreateFunction, steps.WaitUntilActive]


def test_a_log_group_that_an_init_before_did_not_finish_is_finished() -> None:
    plan = plan_init(SPEC, PACKAGE, Existing(log_group=LogGroup({"createdby": "scar"})))
    assert plan[0] == steps.KeepLogs("/aws/lambda/cowsay", 30)


def test_an_event_source_that_is_new() -> None:
    spec = replace(SPEC, bucket="my.bucket", preheat=True)
    arn = "arn:aws-cn:lambda:eu-west-1:123456789012:function:cowsay"
    assert plan_init(spec, PACKAGE, Existing())[4:] == (
        steps.Preheat("cowsay", 300),
        steps.CreateBucket("my.bucket"),
        steps.PutMarker("my.bucket", "input/"),
        steps.PutMarker("my.bucket", "output/"),
        steps.AllowBucket("cowsay", "my.bucket", "123456789012", "aws-cn"),
        steps.AddNotification("my.bucket", Entry("scar-cowsay", arn, "input/")),
    )
    told = "call cowsay for new objects under input/ in bucket my.bucket"
    assert plan_init(spec, PACKAGE, Existing())[-1].describe() == told
    assert names.bucket_arn("my.bucket", "aws-cn") == "arn:aws-cn:s3:::my.bucket"


def test_an_event_source_that_exists() -> None:
    source = Source(exists=True, folders=frozenset(["input/"]))
    plan = plan_init(replace(SPEC, bucket="b"), PACKAGE, Existing(log_group=LogGroup({}), source=source))
    assert [type(step) for step in plan[2:]] == [steps.PutMarker, steps.AllowBucket, steps.AddNotification]


def test_anothers_notification_stands_in_the_way() -> None:
    queue = {"Id": "q", "QueueArn": "arn:queue", "Events": ["s3:ObjectCreated:*"]}
    source = Source(exists=True, notification={"QueueConfigurations": [queue]})
    with pytest.raises(ScarError, match="bucket b already notifies arn:queue of objects under input/"):
        plan_init(replace(SPEC, bucket="b"), PACKAGE, Existing(source=source))


def test_the_environment_of_the_function() -> None:
    spec = replace(SPEC, registry_mirror="http://mirror")
    assert function_environment(spec) == {
        "SCAR_IMAGE": "grycap/cowsay",
        "SCAR_IMAGE_DIGEST": "sha256:ab",
        "SCAR_TIMEOUT_THRESHOLD": "10",
        "SCAR_REGISTRY_MIRROR": "http://mirror",
        "SCAR_ENV_AWS_REGION": "x",
    }
    with pytest.raises(UsageError, match="SCAR's own included"):
        function_environment(replace(SPEC, environment={"A": "x" * 4060}))


# Execution. These steps change a list in place of AWS.


@dataclass(frozen=True)
class Thing(steps.Step):
    name: str
    world: list[str] = field(repr=False)
    fails: bool = False
    stays: str = ""
    interrupts: int = 0

    def describe(self) -> str:
        return f"make {self.name}"

    def apply(self, aws: Aws) -> None:
        del aws
        for _ in range(self.interrupts):
            os.kill(os.getpid(), signal.SIGINT)
        if self.fails:
            raise ScarError(f"cannot make {self.name}", hint="try harder", kind="Bad")
        self.world.append(self.name)

    def undo(self, aws: Aws) -> str:
        del aws
        if self.stays == "interrupted":
            os.kill(os.getpid(), signal.SIGINT)
        if self.stays:
            raise ScarError(f"cannot delete {self.name}")
        self.world.remove(self.name)
        return self.name


class LongThing(Thing):
    may_be_interrupted = True


class FinalThing(Thing):
    is_final = True


class LostThing(Thing):
    def apply(self, aws: Aws) -> None:
        del aws
        raise Unreachable("no answer")


AWS = Aws("us-east-1")


def ignore(line: str) -> None:
    del line


@pytest.fixture
def world() -> list[str]:
    return []


def test_applies_all_steps_in_order_and_tells(world: list[str]) -> None:
    told: list[str] = []
    execute([Thing("a", world), Thing("b", world)], AWS, told.append)
    assert (world, told) == (["a", "b"], ["make a", "make b"])


def test_a_failure_undoes_what_was_made_last_first(world: list[str]) -> None:
    plan = [Thing("a", world), Thing("b", world), Thing("c", world, fails=True), Thing("d", world)]
    with pytest.raises(ScarError) as caught:
        execute(plan, AWS, ignore)
    assert world == []
    assert caught.value.message == "cannot make c; undone: b, a"
    assert (caught.value.hint, caught.value.kind) == ("try harder", "Bad")


def test_what_could_not_be_undone_is_said_and_does_not_stop_the_rest(world: list[str]) -> None:
    plan = [Thing("a", world), Thing("b", world, stays="is stuck"), Thing("c", world, fails=True)]
    with pytest.raises(ScarError) as caught:
        execute(plan, AWS, ignore)
    assert world == ["b"]
    assert caught.value.message == "cannot make c; undone: a; NOT undone: cannot delete b"


def test_an_interrupt_lets_the_step_finish_so_that_it_can_be_undone(world: list[str]) -> None:
    with pytest.raises(Interrupted) as caught:
        execute([Thing("a", world), Thing("b", world, interrupts=1), Thing("c", world)], AWS, ignore)
    assert world == []
    assert caught.value.message == "interrupted; undone: b, a"


def test_an_interrupt_ends_a_long_step_at_once(world: list[str]) -> None:
    with pytest.raises(Interrupted, match="interrupted; undone: a"):
        execute([Thing("a", world), LongThing("b", world, interrupts=1)], AWS, ignore)
    assert world == []


def test_a_second_interrupt_does_not_wait(world: list[str]) -> None:
    with pytest.raises(Interrupted, match="interrupted; undone: a"):
        execute([Thing("a", world), Thing("b", world, interrupts=2)], AWS, ignore)
    assert world == []


def test_an_interrupt_while_undoing_gives_up_one_step_only(world: list[str]) -> None:
    plan = [Thing("a", world), Thing("b", world, stays="interrupted"), Thing("c", world, interrupts=1)]
    with pytest.raises(Interrupted) as caught:
        execute(plan, AWS, ignore)
    assert caught.value.message == "interrupted; undone: c, a; NOT undone: make b (interrupted)"


def test_behind_a_final_step_nothing_is_undone(world: list[str]) -> None:
    plan = [Thing("a", world), FinalThing("b", world), Thing("c", world, fails=True)]
    with pytest.raises(ScarError) as caught:
        execute(plan, AWS, ignore)
    assert (world, caught.value.message) == (["a", "b"], "cannot make c")


def test_an_interrupt_in_a_final_step_is_too_late(world: list[str]) -> None:
    execute([Thing("a", world), FinalThing("b", world, interrupts=1), Thing("c", world)], AWS, ignore)
    assert world == ["a", "b", "c"]


def test_an_answer_that_is_lost_leaves_a_doubt_which_is_said(world: list[str]) -> None:
    with pytest.raises(ScarError) as caught:
        execute([Thing("a", world), LostThing("b", world)], AWS, ignore)
    assert caught.value.message == "no answer; perhaps done all the same: make b; undone: a"


def test_interrupts_are_the_programs_own_again_afterwards(world: list[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    execute([Thing("a", world)], AWS, ignore)
    assert signal.getsignal(signal.SIGINT) is before
