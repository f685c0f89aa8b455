"""One value of the configuration changes, and no other byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from scar.config_edit import set_value, with_value
from scar.errors import ScarError

ROLE = "arn:aws:iam::123456789012:role/new"
LINE = f"lambda_role = {ROLE}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{LINE}\n"),
        ("[scar]\n", f"[scar]\n{LINE}\n"),
        ("[scar]\nlambda_time = 3", f"[scar]\nlambda_time = 3\n{LINE}\n"),
        ("lambda_role =\nlambda_time = 3\n", f"{LINE}\nlambda_time = 3\n"),
        ("LAMBDA_ROLE : old\n\n; kept\n", f"{LINE}\n\n; kept\n"),
        ("lambda_role =\n  old\nlambda_time = 3\n", f"{LINE}\nlambda_time = 3\n"),
        ("# lambda_role = old\r\n", f"# lambda_role = old\r\n{LINE}\r\n"),
        ("lambda_description = a\n lambda_role = b\n", f"lambda_description = a\n lambda_role = b\n{LINE}\n"),
    ],
)
def test_changes_one_line(before: str, after: str) -> None:
    assert with_value(before, "lambda_role", ROLE) == after


def test_refuses_a_file_that_it_would_break(tmp_path: Path) -> None:
    """To the parser an indented key is a key, where nothing stands before it; it refuses a second one."""
    file = tmp_path / "scar.cfg"
    file.write_text("[scar]\n lambda_role =\n")
    with pytest.raises(ScarError):
        set_value(file, "lambda_role", ROLE)
    assert file.read_text() == "[scar]\n lambda_role =\n"
    assert list(tmp_path.iterdir()) == [file]
