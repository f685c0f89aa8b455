"""What a container sees, layer by layer."""

from __future__ import annotations

import pytest

from scar_supervisor.environment import CREDENTIALS, DEFAULT_PATH, compose, role_layer
from scar_supervisor.errors import FunctionMisconfigured
from scar_supervisor.function import Function

ROLE = {
    b"AWS_ACCESS_KEY_ID": b"role-key",
    b"AWS_SECRET_ACCESS_KEY": b"role-secret",
    b"AWS_SESSION_TOKEN": b"role-token",
    b"AWS_REGION": b"eu-west-1",
}
CONFIGURED = {
    b"AWS_LAMBDA_FUNCTION_NAME": b"cow",
    b"SCAR_IMAGE": b"grycap/cowsay",
    b"SCAR_IMAGE_DIGEST": b"sha256:" + b"0" * 64,
    b"SCAR_TIMEOUT_THRESHOLD": b"3",
    b"SCAR_ENV_A": b"1=2",
    b"SCAR_ENV_AWS_REGION": b"mars",
    b"AWS_REGION": b"eu-west-1",
    b"AWS_ACCESS_KEY_ID": b"role-key",
    b"LD_LIBRARY_PATH": b"/var/lang/lib",
}


def test_later_layers_win_and_path_has_a_default() -> None:
    assert compose([{b"A": b"1", b"B": b"1"}, {b"B": b"2"}]) == {
        b"A": b"1",
        b"B": b"2",
        b"PATH": DEFAULT_PATH,
    }
    assert compose([{b"PATH": b"/opt/bin"}])[b"PATH"] == b"/opt/bin"


def test_the_session_token_has_its_older_name_too() -> None:
    layer = role_layer(ROLE)
    assert layer[b"AWS_SECURITY_TOKEN"] == layer[b"AWS_SESSION_TOKEN"] == b"role-token"
    assert b"AWS_SECURITY_TOKEN" not in role_layer({b"AWS_REGION": b"eu-west-1"})


def test_own_keys_never_mix_with_the_roles_token() -> None:
    own = {b"AWS_ACCESS_KEY_ID": b"mine", b"AWS_SECRET_ACCESS_KEY": b"mine too"}
    env = compose([role_layer(ROLE), own])
    assert {name: env[name] for name in CREDENTIALS & env.keys()} == own
    assert env[b"AWS_REGION"] == b"eu-west-1"


def test_keys_of_the_call_never_mix_with_those_of_init() -> None:
    init = {b"AWS_ACCESS_KEY_ID": b"a", b"AWS_SECRET_ACCESS_KEY": b"b", b"AWS_SESSION_TOKEN": b"c"}
    call = {b"AWS_ACCESS_KEY_ID": b"x", b"AWS_SECRET_ACCESS_KEY": b"y"}
    env = compose([role_layer(ROLE), init, call])
    assert {name: env[name] for name in CREDENTIALS & env.keys()} == call


def test_without_own_keys_the_role_serves() -> None:
    assert compose([role_layer(ROLE), {b"A": b"1"}]).keys() >= CREDENTIALS


def test_the_configuration_is_read_and_the_rest_of_the_environment_left_behind() -> None:
    function = Function.from_environment(CONFIGURED)
    assert (function.name, function.image) == ("cow", "grycap/cowsay")
    assert function.output is None
    assert function.timeout_threshold == 3
    assert function.registry_mirror is None
    assert function.user_env == {b"A": b"1=2", b"AWS_REGION": b"mars"}
    assert function.role_env == {b"AWS_REGION": b"eu-west-1", b"AWS_ACCESS_KEY_ID": b"role-key"}


@pytest.mark.parametrize(
    ("text", "output"), [(b"bucket/", ("bucket", "")), (b"bucket/a/b/", ("bucket", "a/b/"))]
)
def test_results_may_go_elsewhere(text: bytes, output: tuple[str, str]) -> None:
    assert Function.from_environment(CONFIGURED | {b"SCAR_OUTPUT": text}).output == output


@pytest.mark.parametrize("wrong", [{b"SCAR_IMAGE": None}, {b"SCAR_TIMEOUT_THRESHOLD": b"soon"}])
def test_a_foreign_configuration_is_refused(wrong: dict[bytes, bytes | None]) -> None:
    environ = {name: value for name, value in (CONFIGURED | wrong).items() if value is not None}
    with pytest.raises(FunctionMisconfigured, match="environment"):
        Function.from_environment(environ)
