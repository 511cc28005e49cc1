"""The dialer as a whole: its parts, what each tells the other, and their common life."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from outdial.attempts.settle import CallOutcome, Settled
from outdial.attempts.tasks_in_hand import TasksInHand
from outdial.blacklist.cache import ListedCache
from outdial.dialer.agi_server import AgiServer, serve_agi
from outdial.dialer.ami import AmiAddress, AmiLink
from outdial.dialer.cache_upkeep import run_cache_upkeep
from outdial.dialer.draining import Drain
from outdial.dialer.ending import run_healing
from outdial.dialer.gate import Gate
from outdial.dialer.heartbeat import Heartbeat
from outdial.dialer.intake import Intake
from outdial.dialer.ivr_effects import Outside
from outdial.dialer.ivr_services import IvrServices, IvrServicesConfig
from outdial.dialer.lanes import Lanes
from outdial.dialer.leading import Lead, Recovery
from outdial.dialer.listed_calls import ListedCalls
from outdial.dialer.live_calls import LiveCall, LiveCalls
from outdial.dialer.pace_lead import PaceConfig, PaceLead
from outdial.dialer.placing import Dialplan, Placing
from outdial.dialer.reconciling import run_reconciling
from outdial.dialer.screening import Screen
from outdial.dialer.second_guard import SecondGuard
from outdial.dialer.settlement import Settlement
from outdial.dialer.sms_requests import SendSms
from outdial.dialer.timings import Timings
from outdial.dialer.walks import Walks
from outdial.domain.clock import Clock
from outdial.messaging.announcing import Announcer, EventTopics
from outdial.messaging.task_queue import TaskQueue
from outdial.messaging.topics import Topics
from outdial.pacing.slots import Pace
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

WALK_PATIENCE_S = 10.0
"""An opt-out that is being written when the person hangs up takes a few seconds at most."""

RELINK_GRACE_S = 1.0
SECONDS_IN_HAND = 2
LEAST_ROOM, MOST_ROOM = 30, 1000

log = get_logger(__name__)


@dataclass(frozen=True)
class DialerConfig:
    """What one dialer process is told. `agi_advertised_host` is where Asterisk reaches it."""

    dsn: str
    ami: AmiAddress
    max_cps: float
    agi_host: str = "127.0.0.1"
    agi_port: int = 0
    agi_advertised_host: str = "127.0.0.1"
    context: str = "campaign-ivr"
    topics: EventTopics = field(default_factory=EventTopics)
    ivr: IvrServicesConfig = field(default_factory=IvrServicesConfig)
    pace: PaceConfig = field(default_factory=PaceConfig)
    drain_timeout_s: float = 30.0


@dataclass(frozen=True)
class Connections:
    """What a dialer is connected to, opened and closed by whoever runs it."""

    pool: Pool
    queue: TaskQueue
    topics: Topics
    pace: Pace
    send_sms: SendSms
    cache: ListedCache


class Dialer:
    """One dialer; `run` is its whole life."""

    def __init__(self, config: DialerConfig, connections: Connections, clock: Clock) -> None:
        self.id = uuid4()
        self._config = config
        self._to = connections
        self._clock = clock
        self._group = asyncio.TaskGroup()
        self.live = LiveCalls(clock, self._on_over)
        self.link = AmiLink(config.ami, self.live.on_event, self._on_login)
        self._heartbeat = Heartbeat(connections.pool, self.id, connections.pace.redis_seen_ago_s)
        self._gate = Gate(self.link, self._heartbeat)
        self._tasks = TasksInHand(connections.queue, connections.pool)
        self._settlement = Settlement(connections.pool, self._on_settled)
        self._announcer = Announcer(connections.topics, config.topics)
        self._lead = Lead()
        self._timings = Timings()
        self._ivr = IvrServices(config.ivr, clock)

    async def run(self, stop: asyncio.Event) -> None:
        """Dial until `stop` is set, then drain. Raises what broke a part: the process is to start anew."""
        to = self._to
        outside = Outside(to.pool, to.cache, self._announcer, to.send_sms, self._ivr, self._clock)
        walks = Walks(self.live, outside, self._timings)
        config = self._config
        await self._heartbeat.register()
        async with (
            self._ivr.serve(config.agi_host, config.agi_advertised_host),
            serve_agi(config.agi_host, config.agi_port, walks.on_session) as server,
            self._group,
        ):
            parts = [self._group.create_task(part) for part in self._parts()]
            drain = self._begin_work(server)
            await stop.wait()
            await drain.run(config.drain_timeout_s)
            self._timings.say_all()
            for part in parts:
                part.cancel()

    def _parts(self) -> list[Coroutine[Any, Any, None]]:
        pool, link, live = self._to.pool, self.link, self.live
        return [
            link.run(),
            self._heartbeat.run(),
            self._settlement.run(),
            self._tasks.run_deletions(),
            self._announcer.run(),
            self._timings.run(),
            self._ivr.webhooks.run(),
            self._to.pace.keep_watch(),
            run_reconciling(link, live),
            run_healing(pool, link, live, self.id, self._clock),
            Recovery(self._config.dsn, pool, link, self._clock, self._lead).run(),
            PaceLead(pool, link, self._lead, self._announcer, self._clock).run(self._config.pace),
            ListedCalls(self._config.dsn, pool, link, live, self._clock).run(),
            run_cache_upkeep(pool, self._to.cache),
        ]

    def _begin_work(self, server: AgiServer) -> Drain:
        config, to = self._config, self._to
        agi_url = f"agi://{config.agi_advertised_host}:{server.port}/ivr"
        placing = Placing(
            dialer_id=self.id,
            pool=to.pool,
            link=self.link,
            live=self.live,
            gate=self._gate,
            tasks=self._tasks,
            guard=SecondGuard(config.max_cps),
            ivr=self._ivr,
            dialplan=Dialplan(config.context, agi_url),
            timings=self._timings,
            clock=self._clock,
        )
        lanes = Lanes(self._group, to.pool, to.pace, self._gate, placing, self._tasks)
        room = round(min(max(config.max_cps * SECONDS_IN_HAND, LEAST_ROOM), MOST_ROOM))
        screen = Screen(to.pool, to.cache, self._tasks, self._clock)
        intake = Intake(to.queue, self._tasks, screen, lanes, self._gate, room)
        return Drain(
            gate=self._gate,
            heartbeat=self._heartbeat,
            intake=self._group.create_task(intake.run()),
            lanes=lanes,
            tasks=self._tasks,
            live=self.live,
            link=self.link,
            announcer=self._announcer,
            ivr=self._ivr,
        )

    def _on_login(self) -> None:
        self.live.suspect_all(RELINK_GRACE_S)
        log.info("dialer ready", dialer=self.id)

    def _on_over(self, call: LiveCall, annotation: str | None) -> None:
        if call.walk_ended is None or call.walk_ended.is_set():
            self._settlement.add(call.outcome(self._clock, annotation))
        else:
            self._group.create_task(self._settle_after_walk(call, call.walk_ended, annotation))

    async def _settle_after_walk(
        self, call: LiveCall, walk_ended: asyncio.Event, annotation: str | None
    ) -> None:
        """What the person pressed last may still be on its way through the IVR."""
        try:
            async with asyncio.timeout(WALK_PATIENCE_S):
                await walk_ended.wait()
        except TimeoutError:
            log.warning("the walk outlived its call", call_id=call.call_id)
        self._settlement.add(call.outcome(self._clock, annotation))

    def _on_settled(self, outcomes: Sequence[CallOutcome], settled: Sequence[Settled]) -> None:
        self.live.remove(outcome.call_id for outcome in outcomes)
        by_call = {outcome.call_id: outcome for outcome in outcomes}
        for one in settled:
            self._announcer.announce(self._announcer.arns.calls, _call_event(one, by_call[one.call_id]))


def _call_event(settled: Settled, outcome: CallOutcome) -> dict[str, Any]:
    return {
        "event": "call.settled",
        "callId": settled.call_id,
        "campaignId": str(settled.campaign_id),
        "contactId": str(settled.contact_id),
        "disposition": settled.disposition.value,
        "answeredAt": outcome.answered_at,
        "endedAt": outcome.ended_at,
        "converted": outcome.converted,
        "optedOut": outcome.opted_out,
        "hangupCause": outcome.hangup_cause,
        "detected": outcome.detected,
        "machineMessage": outcome.machine_message,
        "fallback": settled.fallback,
    }
