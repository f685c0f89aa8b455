"""The configuration file: made, read, and every way in which it can be wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scar import config
from scar.config import Config
from scar.config_edit import set_value
from scar.errors import UsageError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCAR_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "scar.cfg"


def test_is_made_with_defaults_for_the_user_alone(file: Path) -> None:
    assert config.load() == Config()
    assert config.parse(file.read_text(), "again") == Config()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "lambda_time = 300" in file.read_text()


def test_an_existing_file_is_left_as_it_is(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("lambda_memory = 512\n")
    assert config.load() == Config(lambda_memory=512)
    assert file.read_text() == "lambda_memory = 512\n"


def test_the_mark_that_windows_editors_write_is_no_part_of_it(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"\xef\xbb\xbflambda_memory = 512\r\n")
    assert config.load() == Config(lambda_memory=512)
    set_value(file, "lambda_role", "arn:aws:iam::123456789012:role/r")
    assert config.load() == Config(lambda_memory=512, lambda_role="arn:aws:iam::123456789012:role/r")


def test_another_encoding_is_refused(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes("lambda_memory = 512\n".encode("utf-16"))
    with pytest.raises(UsageError, match="not a text in UTF-8") as raised:
        config.load()
    assert raised.value.hint.startswith("save it in that encoding")


def test_every_key_is_read() -> None:
    expected = Config(
        lambda_description="50% of it = [all]",
        lambda_memory=256,
        lambda_time=60,
        lambda_region="eu-west-1",
        lambda_role="arn:aws:iam::123456789012:role/r",
        lambda_timeout_threshold=5,
        lambda_runtime="python3.14",
        lambda_architecture="arm64",
        lambda_storage=1024,
        lambda_package_bucket="my.bucket",
        registry_mirror="https://mirror.example.org",
    )
    assert config.parse(config.render(expected), "scar.cfg") == expected


@pytest.mark.parametrize("header", ["", "[scar]\n", "# a comment\n[scar]\n", "; a comment\n"])
def test_the_header_may_be_left_out(header: str) -> None:
    assert config.parse(f"{header}lambda_memory: 256\n", "scar.cfg") == Config(lambda_memory=256)


def test_an_empty_file_has_the_defaults() -> None:
    assert config.parse("", "scar.cfg") == Config()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lambda_memory = 64", "scar.cfg, key lambda_memory: 64 is not between"),
        ("lambda_memory = lots", "scar.cfg, key lambda_memory: not a whole number: 'lots'"),
        ("lambda_memory =", "scar.cfg, key lambda_memory: the value is empty"),
        ("lambda_time = 901", "scar.cfg, key lambda_time: 901 is not between"),
        ("lambda_time = 10", "keys lambda_timeout_threshold and lambda_time: the time-out threshold (10 s)"),
        ("lambda_timeout_threshold = 0", "scar.cfg, key lambda_timeout_threshold: 0 is not between"),
        ("lambda_region = here", "scar.cfg, key lambda_region: not the name of an AWS region"),
        ("lambda_role = me", "scar.cfg, key lambda_role: not the ARN of a role"),
        (
            f"lambda_description = {'a' * 300}",
            "scar.cfg, key lambda_description: a description has at most 256",
        ),
        ("lambda_region =", "scar.cfg, key lambda_region: the value is empty"),
        ("lambda_runtime = python3.7", "scar.cfg, key lambda_runtime: 'python3.7' is no runtime of ours"),
        ("lambda_architecture = i386", "scar.cfg, key lambda_architecture: 'i386' is no architecture"),
        ("lambda_storage = 511", "scar.cfg, key lambda_storage: 511 is not between 512 and 10,240 MB"),
        ("lambda_storage = 1 GB", "scar.cfg, key lambda_storage: not a whole number: '1 GB'"),
        ("lambda_package_bucket = A", "scar.cfg, key lambda_package_bucket: not the name of a bucket"),
        ("registry_mirror = host:5000", "scar.cfg, key registry_mirror: not the URL of a registry"),
        ("lambda_memry = 128", "scar.cfg: unknown key lambda_memry"),
        ("[aws]\nlambda_memory = 128", "scar.cfg: unknown section [aws]"),
        ("lambda_time = 20\nlambda_time = 30", "scar.cfg, line 2: key lambda_time again"),
        ("[scar]\n[scar]\n", "scar.cfg, line 2: section [scar] again"),
        ("lambda_time", "scar.cfg, line 1: not of the form KEY = VALUE"),
        ("[scar]\n\nlambda_time", "scar.cfg, line 3: not of the form KEY = VALUE"),
    ],
)
def test_refuses(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        config.parse(text, "scar.cfg")
    assert said in caught.value.message


def test_suggests_the_key_that_was_meant() -> None:
    with pytest.raises(UsageError) as caught:
        config.parse("lambda_memry = 128", "scar.cfg")
    assert caught.value.hint == "did you mean lambda_memory?"


def test_a_file_that_is_no_text_is_named(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"lambda_description = \xff\n")
    with pytest.raises(UsageError, match=r"not a text in UTF-8.*at byte 21") as caught:
        config.load()
    assert str(file) in caught.value.message


def test_a_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        config.load()


def test_a_home_that_cannot_be_made_is_named(file: Path) -> None:
    file.parent.write_text("a file where the folder should be")
    with pytest.raises(UsageError, match="cannot be"):
        config.load()


def test_the_environment_beats_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.parent.mkdir()
    file.write_text("registry_mirror = https://file.example.org\n")
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", "http://127.0.0.1:5555")
    assert config.load().registry_mirror == "http://127.0.0.1:5555"
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", "")
    assert config.load().registry_mirror == ""
    monkeypatch.setenv("SCAR_REGISTRY_MIRROR", "127.0.0.1:5555")
    with pytest.raises(UsageError, match=r"^SCAR_REGISTRY_MIRROR: not the URL"):
        config.load()


def test_every_key_has_a_variable(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Config(
        lambda_description="",
        lambda_memory=256,
        lambda_time=60,
        lambda_region="eu-west-1",
        lambda_role="arn:aws:iam::123456789012:role/r",
        lambda_timeout_threshold=5,
        lambda_runtime="python3.12",
        lambda_architecture="arm64",
        lambda_storage=1024,
        lambda_package_bucket="my.bucket",
        registry_mirror="https://mirror.example.org",
    )
    for key in config.KEYS:
        monkeypatch.setenv(config.variable(key), str(getattr(wanted, key)))
    assert config.load() == wanted


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SCAR_LAMBDA_MEMORY", "64", "SCAR_LAMBDA_MEMORY: 64 is not between"),
        ("SCAR_LAMBDA_MEMORY", "", "SCAR_LAMBDA_MEMORY: the value is empty"),
        (
            "SCAR_LAMBDA_TIME",
            "5",
            "scar.cfg, key lambda_timeout_threshold and SCAR_LAMBDA_TIME: the time-out",
        ),
    ],
)
def test_variables_are_checked_as_the_file_is(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        config.load()
    assert said in caught.value.message
