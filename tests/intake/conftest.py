"""A pool on the test's own database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from outdial.storage.pool import Pool, open_pool


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[Pool]:
    """A pool on the test's own database."""
    async with open_pool(database_dsn, max_size=4) as opened:
        yield opened
