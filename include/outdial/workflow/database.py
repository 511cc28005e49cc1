"""Outdial's own database, as a plain task opens it for the length of its work."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from outdial.settings import Settings, load_settings
from outdial.storage.pool import Pool, open_pool
from outdial.workflow.connections import database_dsn


@asynccontextmanager
async def open_database() -> AsyncGenerator[tuple[Settings, Pool]]:
    """Settings and a small pool for one plain task."""
    settings = load_settings()
    async with open_pool(await database_dsn(settings), max_size=2) as pool:
        yield settings, pool
