"""The registry mirror: one on this machine serves the functions of this machine alone."""

from __future__ import annotations

from urllib.parse import urlsplit

from scar.aws.session import Aws
from scar.errors import ScarError


def check(mirror: str, aws: Aws) -> None:
    """Raise ScarError for a mirror on this machine, unless what stands for AWS is here too."""
    from scar_oci.transport import is_loopback  # and http.client: not for `scar init --help`

    if is_loopback(urlsplit(mirror).hostname or "") and not is_loopback(aws.host):
        raise ScarError(
            f"the registry mirror {mirror} is on this machine, where functions on AWS cannot reach it",
            hint="unset SCAR_REGISTRY_MIRROR, or registry_mirror in the configuration",
        )
