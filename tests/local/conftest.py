"""One local cloud for most tests: three invocations at once, short delays between retries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.support import Aws, running


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The services of the shared cloud."""
    settings = {"SCAR_LOCAL_CONCURRENCY": "3", "SCAR_LOCAL_RETRY_DELAYS": "0.1,0.2"}
    with running(tmp_path_factory.mktemp("local"), **settings) as cloud:
        yield Aws(cloud)
