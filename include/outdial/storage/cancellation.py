"""Lets endless loops end when their owner cancels them, though a driver may swallow the cancellation."""

from __future__ import annotations

import asyncio


def raise_if_cancelled() -> None:
    """Raise CancelledError where this task was cancelled: said once in every turn of an endless loop.

    On Python 3.11 `asyncio.wait_for`, with which psycopg's pool waits, returns its result where it ought to
    pass on a cancellation that comes at the same moment. The task still counts it.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
