"""Waiting for what does not answer: 2 s, then twice as long each time, up to a minute, without end."""

from __future__ import annotations

import asyncio

from psycopg import OperationalError

from outdial.domain.errors import Unavailable
from outdial.telemetry.logs import get_logger

TRANSIENT = (Unavailable, OperationalError, ConnectionError, TimeoutError)
"""Faults that pass by themselves; a pool that is too busy is an OperationalError."""

FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 60.0

log = get_logger(__name__)


class Patience:
    """The waits of one trigger; each is logged, so that somebody looking at the run sees why it stands."""

    def __init__(self) -> None:
        """Begins with the shortest wait."""
        self._delay_s = FIRST_DELAY_S

    async def wait(self, fault: BaseException) -> None:
        """Wait once because of `fault`."""
        reason = f"{type(fault).__name__}: {fault}"
        log.warning("something does not answer; trying again", reason=reason, in_s=self._delay_s)
        await asyncio.sleep(self._delay_s)
        self._delay_s = min(2 * self._delay_s, LONGEST_DELAY_S)

    def reset(self) -> None:
        """All is well: the next fault begins with the shortest wait again."""
        self._delay_s = FIRST_DELAY_S
