"""Processes that several files share, since each takes seconds to start: tests that use them are in one xdist group."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from verification.engines import SpawnPool


@pytest.fixture(scope="session")
def workers() -> Iterator[SpawnPool]:
    """Two processes, started with the first trial. Whoever kills them leaves a pool that starts new ones."""
    with SpawnPool(2) as pool:
        yield pool
