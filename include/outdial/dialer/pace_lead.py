"""Judges the pace where this dialer leads, and tells people when it falls or is whole again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from psycopg import Error as DatabaseError

from outdial.dialer.ami import AmiLink
from outdial.dialer.leading import Lead
from outdial.domain.clock import Clock
from outdial.domain.errors import OutdialError
from outdial.messaging.announcing import Announcer
from outdial.pacing.control import Change
from outdial.pacing.controller import Controller
from outdial.pacing.gathering import Windows
from outdial.pacing.host_cpu import open_host_cpu
from outdial.pacing.rules import Rules
from outdial.storage.cancellation import raise_if_cancelled
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

LOOK_TIMEOUT_S = 15.0

log = get_logger(__name__)


@dataclass(frozen=True)
class PaceConfig:
    """How the pace is judged. Without `metrics_url` the telephony host's CPU plays no part."""

    metrics_url: str = ""
    look_every_s: float = 5.0
    rules: Rules = field(default_factory=Rules)
    windows: Windows = field(default_factory=Windows)


@dataclass(frozen=True)
class PaceLead:
    """What judging the pace takes."""

    pool: Pool
    link: AmiLink
    lead: Lead
    announcer: Announcer
    clock: Clock

    async def run(self, config: PaceConfig) -> None:
        """Look every few seconds while this dialer leads, until cancelled."""
        async with open_host_cpu(config.metrics_url) as host_cpu:
            pings_s = self.link.latest_pings_s
            controller = Controller(self.pool, host_cpu, pings_s, config.rules, config.windows)
            said: list[str] = []
            while True:
                raise_if_cancelled()
                await asyncio.sleep(config.look_every_s)
                if self.lead.is_held:
                    problems = await self._look(controller)
                    # Said once, not at every look.
                    if problems and not said:
                        log.warning("no pace rises without its figures", problems=problems)
                    said = problems

    async def _look(self, controller: Controller) -> list[str]:
        """Look once; where that fails, every pace stays as it is. Returns what could not be had."""
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                looked = await controller.look(self.clock())
        except (DatabaseError, OutdialError, OSError, TimeoutError) as error:
            return [f"the pace cannot be judged: {str(error) or 'timeout'}"]
        except Exception as error:
            log.exception("the pace stays as it is: judging it failed")
            return [str(error)]
        for change in looked.changes:
            self._tell(change)
        return looked.problems

    def _tell(self, change: Change) -> None:
        matters = change.after < change.before or change.after == 1
        values = {"before": change.before, "after": change.after, "reason": change.reason}
        (log.warning if matters else log.info)("pace changed", pace=change.key, **values)
        if matters:
            self.announcer.announce(self.announcer.arns.notifications, pace_event(change))


def pace_event(change: Change) -> dict[str, Any]:
    """What the topic `campaign-notifications` is told of a pace that fell or is whole again."""
    kind, _, name = change.key.partition(":")
    about = {"trunk": {"trunk": name}, "campaign": {"campaignId": name}}.get(kind, {})
    trunk_event = "trunk.recovered" if change.after == 1 else "trunk.unhealthy"
    return {
        "event": trunk_event if kind == "trunk" else "pace.changed",
        "pace": change.key,
        **about,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "figures": dict(change.figures),
        "at": change.at,
    }
