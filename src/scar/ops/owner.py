"""Who owns a function: the user who made it, as its tag says."""

from __future__ import annotations

import getpass
import os
import re

from scar import limits
from scar.aws.functions import Function
from scar.deploy.spec import TAG_OWNER

_NOT_IN_TAGS = re.compile(r"[^\w .:/=+@-]", re.ASCII)


def current() -> str:
    """The user's name, as far as a tag can hold it."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a uid without a name; KeyError before Python 3.13
        name = str(os.getuid())
    return _NOT_IN_TAGS.sub("_", name)[: limits.TAG_VALUE_LENGTH]


def other(function: Function) -> str:
    """The owner of a function that is another user's; empty if it is this user's, or nobody's."""
    owner = function.tags.get(TAG_OWNER, "")
    return owner if owner != current() else ""
