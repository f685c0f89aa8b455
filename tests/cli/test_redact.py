"""Which values of environment variables are shown."""

from __future__ import annotations

import pytest

from scar.cli.redact import HIDDEN, redact


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("db_password", "x"),
        ("GITHUB_TOKEN", ""),
        ("HARMLESS", "AKIAIOSFODNN7EXAMPLE"),
        ("DATABASE_URL", "postgres://user:hunter2@db.example.org/x"),
        ("LINK", "https://b.s3.amazonaws.com/k?X-Amz-Signature=abc"),
        ("BLOB", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("DATABASE", "Server=db.example.org;User=ann;Password=hunter2"),
        ("SETTINGS", '{"user": "ann", "api_key": "hunter2"}'),
        ("PEM", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
    ],
)
def test_hides(name: str, value: str) -> None:
    assert redact({name: value}) == {name: HIDDEN}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LANG", "C.UTF-8"),
        ("TEST1", "45"),
        ("URL", "https://example.org:8080/path?a=b"),
        ("SENTENCE", "a sentence of many words with 1 number in it, which is long"),
        ("WORD", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"),
    ],
)
def test_shows(name: str, value: str) -> None:
    assert redact({name: value}) == {name: value}
