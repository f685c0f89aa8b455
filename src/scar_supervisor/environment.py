"""The environment of the container: built from nothing, never inherited.

Later layers win: the image's ENV, the variables of `scar init -e`, those of the call, and last the names that
only SCAR can know. Credentials are one group: the last layer that sets any of them sets all of them, so that
a user's own keys are never mixed with the role's token.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .function import Environment

DEFAULT_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What Docker gives a container whose image sets no PATH."""

CREDENTIALS = frozenset(
    (b"AWS_ACCESS_KEY_ID", b"AWS_SECRET_ACCESS_KEY", b"AWS_SESSION_TOKEN", b"AWS_SECURITY_TOKEN")
)


def role_layer(role_env: Environment) -> Environment:
    """The role's variables as containers see them: the session token also by its older name."""
    layer = dict(role_env)
    if b"AWS_SESSION_TOKEN" in layer:
        layer[b"AWS_SECURITY_TOKEN"] = layer[b"AWS_SESSION_TOKEN"]
    return layer


def compose(layers: Iterable[Environment]) -> Environment:
    """One environment out of layers, the first the weakest."""
    composed: Environment = {b"PATH": DEFAULT_PATH}
    for layer in layers:
        if not CREDENTIALS.isdisjoint(layer):
            for name in CREDENTIALS:
                composed.pop(name, None)
        composed.update(layer)
    return composed
