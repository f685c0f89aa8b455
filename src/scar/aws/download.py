"""Fetching what AWS tells a pre-signed URL of. Such a URL is as good as a password: no message tells it."""

from __future__ import annotations

from scar.aws.errors import AwsError, Unreachable


def fetch(url: str, size: int, what: str) -> bytes:
    """At most ``size`` bytes of what the URL leads to, called ``what``. Raises AwsError."""
    from http.client import HTTPException  # here: few commands fetch anything

    from scar_oci.errors import RegistryUnreachable
    from scar_oci.transport import Origin, Transport, unreachable

    transport = Transport()
    server = str(Origin.of(url))
    try:
        response = transport.get(url, {})
        if response.status != 200:
            raise AwsError(f"cannot fetch {what}: {server} answers {response.status}")
        return response.read(size)
    except RegistryUnreachable as error:
        raise Unreachable(f"cannot fetch {what}: {error}", hint=error.hint) from error
    except (OSError, HTTPException) as error:
        raise Unreachable(f"cannot fetch {what}: {unreachable(server, error)}") from error
    finally:
        transport.close()
