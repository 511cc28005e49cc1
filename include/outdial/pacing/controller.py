"""One look of the controller: gather figures, decide, write what changes. Run by the dialer that leads.

Whatever fails here changes no pace: what is in force is in the database, and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from outdial.domain.errors import OutdialError
from outdial.pacing.control import Change, decide
from outdial.pacing.figures import Figures, InForce
from outdial.pacing.gathering import Windows, gather_answers, gather_trunks
from outdial.pacing.host_cpu import HostCpu
from outdial.pacing.rules import Rules
from outdial.storage.pace_factors import (
    PaceChange,
    PaceWatch,
    read_pace_factors,
    read_pace_falls,
    write_pace_change,
    write_pace_watch,
)
from outdial.storage.pool import Connection, Pool


@dataclass(frozen=True)
class Looked:
    """What one look changed, and figures that could not be had, each in a sentence."""

    changes: list[Change]
    problems: list[str]


@dataclass(frozen=True)
class Controller:
    """What the controller works with. `pings_s` gives Asterisk's latest answers, in seconds."""

    pool: Pool
    host_cpu: HostCpu | None
    pings_s: Callable[[], Sequence[float]]
    rules: Rules = field(default_factory=Rules)
    windows: Windows = field(default_factory=Windows)

    async def look(self, now: datetime) -> Looked:
        """Look once, and change what must be. Raises the database's errors."""
        problems = await self._read_cpu()
        async with self.pool.connection() as conn:
            in_force = await _in_force(conn)
            figures = Figures(
                reads_cpu=self.host_cpu is not None,
                cpu_share=self.host_cpu.share if self.host_cpu else None,
                pings_s=self.pings_s(),
                trunks=await gather_trunks(conn, self.windows, now),
                campaigns=await gather_answers(conn, self.windows, now),
            )
            changes = decide(in_force, figures, self.rules, now)
            written = [one for one in changes if await write_pace_change(conn, PaceChange(**vars(one)))]
            await write_pace_watch(conn, _watch(figures, problems, now))
        return Looked(written, problems)

    async def _read_cpu(self) -> list[str]:
        if self.host_cpu is None:
            return []
        try:
            await self.host_cpu.read()
        except OutdialError as error:
            return [str(error)]
        return []


async def _in_force(conn: Connection) -> dict[str, InForce]:
    falls = await read_pace_falls(conn)
    return {
        one.key: InForce(one.factor, one.since, one.held is not None, *falls.get(one.key, (None, None)))
        for one in await read_pace_factors(conn)
    }


def _watch(figures: Figures, problems: Sequence[str], now: datetime) -> PaceWatch:
    known = figures.cpu_share is not None
    ping_s = median(figures.pings_s) if figures.pings_s else None
    return PaceWatch(now, figures.cpu_share, now if known else None, ping_s, problems)
