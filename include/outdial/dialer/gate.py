"""Whether this dialer may take and begin calls at this moment, and why not. Asked before each step."""

from __future__ import annotations

import asyncio

from outdial.dialer.ami import AmiLink
from outdial.dialer.heartbeat import Heartbeat
from outdial.telemetry.logs import get_logger

REFUSALS_IN_A_ROW = 5
REFUSED_PAUSE_S = 10.0
DATABASE_PAUSE_S = 2.0

log = get_logger(__name__)


class Gate:
    """Closed while there is no link, no fresh heartbeat, a pause, or a drain."""

    def __init__(self, link: AmiLink, heartbeat: Heartbeat) -> None:
        self._link = link
        self._heartbeat = heartbeat
        self._paused_until = float("-inf")
        self._refusals = 0
        self.draining = False

    @property
    def is_open(self) -> bool:
        """Whether an attempt may begin now."""
        return not self.draining and self._now() >= self._paused_until and self.may_originate

    @property
    def may_originate(self) -> bool:
        """Whether an attempt that has begun may still be placed: nobody took us for dead meanwhile."""
        return self._link.connected and self._heartbeat.is_fresh

    def note_accepted(self) -> None:
        """Asterisk takes calls."""
        self._refusals = 0

    def note_refused(self, message: str) -> None:
        """Asterisk refuses calls; after several in a row it gets a rest, and someone must look at it."""
        self._refusals += 1
        if self._refusals >= REFUSALS_IN_A_ROW:
            log.error(
                "Asterisk refuses calls: check its dialplan and the manager user's rights", reason=message
            )
            self._pause(REFUSED_PAUSE_S)

    def note_database_silent(self) -> None:
        """The database does not answer: nothing can begin."""
        self._pause(DATABASE_PAUSE_S)

    def _pause(self, seconds: float) -> None:
        self._paused_until = self._now() + seconds

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
