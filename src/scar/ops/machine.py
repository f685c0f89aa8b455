"""What SCAR needs of this machine: the kit, a way to the registry, the parts of the local cloud."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec

from scar.deploy import kit as builds
from scar.ops.finding import Finding, failure, ok, warning

_HUB = "https://registry-1.docker.io"


def kit(architecture: str) -> Finding:
    """The libraries that containers run with."""
    try:
        files = builds.files(architecture)
    except builds.NoKit as error:
        return failure("kit", error.message, error.hint)
    names = sorted({path.split("/")[-2] for path in files})
    return ok("kit", f"libfakechroot for {architecture}: {', '.join(names)}")


def registry(mirror: str) -> Finding:
    """Docker Hub, or what stands for it. Asking for its API's version costs nothing of its rate limit."""
    from scar_oci.errors import ImageError
    from scar_oci.transport import Transport

    url = mirror or _HUB
    transport = Transport()
    try:
        status = transport.get(f"{url.rstrip('/')}/v2/", {}).status
    except ImageError as error:
        remedy = error.hint or "check the network, or name a mirror: registry_mirror in the configuration"
        return failure("registry", str(error), remedy)
    finally:
        transport.close()
    if status not in (200, 401):  # 401: it wants a token, which a pull will get
        return failure("registry", f"{url} answers {status}: no registry", "check registry_mirror")
    return ok("registry", f"{url} answers")


def local_tools(*, needed: bool) -> Iterator[Finding]:
    """What the local cloud is made of. Without ``needed``, what is missing is only worth a warning."""
    from scar.local.cloud import PACKAGES

    lacking = [name.replace("_", "-") for name in PACKAGES if find_spec(name) is None]
    if lacking:
        tell = failure if needed else warning
        yield tell(
            "the local cloud",
            f"--local needs Python packages that are missing: {', '.join(lacking)}",
            "pip install 'scar-serverless[local]'",
        )
    else:
        yield ok("the local cloud", "moto and awslambdaric are installed")
    if shutil.which("bwrap") is None:
        yield warning(
            "sandbox",
            "bubblewrap is not installed: --local runs functions without a sandbox",
            "on Debian and Ubuntu: apt-get install bubblewrap",
        )
    else:
        yield ok("sandbox", "bubblewrap is installed")
