"""The gateway as a whole: its parts, and their common life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from outdial.attempts.begin_texts import BegunText, LinkTerms, TextTerms
from outdial.attempts.settle_texts import TextOutcome, follow_up_texts
from outdial.attempts.tasks_in_hand import TasksInHand
from outdial.blacklist.cache import ListedCache
from outdial.blacklist.listing import list_numbers
from outdial.domain.clock import Clock
from outdial.domain.sms.delivery import TextFailure
from outdial.messaging.announcing import Announcer
from outdial.messaging.task_queue import TaskQueue
from outdial.sms.carriers.carrier import Carrier
from outdial.sms.inbox import StoredInbox, open_inbox
from outdial.sms.intake import Intake
from outdial.sms.link_pages import link_routes
from outdial.sms.link_visits import LinkVisits
from outdial.sms.outcomes import Outcomes
from outdial.sms.presence import Presence
from outdial.sms.replies import Outside
from outdial.sms.sending import Post, Sending
from outdial.sms.upkeep import Upkeep
from outdial.sms.web import serve_web
from outdial.sms.webhooks import WebhookRules, webhook_routes
from outdial.storage.blacklist import Listing
from outdial.storage.carriers import note_carrier
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

SECONDS_IN_HAND = 2
LEAST_ROOM, MOST_ROOM = 30, 2000
IN_FLIGHT_TIMEOUT_S = 20.0
WRITING_TIMEOUT_S = 20.0
LAST_WRITES_S = 2.0
LOOK_EVERY_S = 0.05

log = get_logger(__name__)


@dataclass(frozen=True)
class GatewayConfig:
    """What one gateway process is told. `sender` is who texts come from where a campaign does not say."""

    dsn: str
    sender: str = ""
    web_host: str = "127.0.0.1"
    web_port: int = 0
    links: LinkTerms | None = None
    webhooks: WebhookRules | None = None


@dataclass(frozen=True)
class Connections:
    """What a gateway is connected to, opened and closed by whoever runs it."""

    pool: Pool
    queue: TaskQueue
    cache: ListedCache
    announcer: Announcer


class Gateway:
    """One gateway; `run` is its whole life."""

    def __init__(
        self, config: GatewayConfig, to: Connections, carriers: Sequence[Carrier], clock: Clock
    ) -> None:
        self.id = uuid4()
        self._config = config
        self._to = to
        self._carriers = carriers
        self._clock = clock
        self._group = asyncio.TaskGroup()
        self._tasks = TasksInHand(to.queue, to.pool)
        self._outcomes = Outcomes(to.pool, clock, self._on_written)
        self._visits = LinkVisits(to.pool)
        self._presence = Presence(config.dsn, self.id)
        self._held: dict[UUID, BegunText] = {}
        self._terms = {
            one.name: TextTerms(self.id, one.name, config.sender, config.links) for one in carriers
        }
        post = Post(to.pool, self._tasks, clock, self._group, self._held, self._outcomes)
        self._sendings = {one.name: Sending(one, self._terms[one.name], post) for one in carriers}

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set, then drain. Raises what broke a part: the process is to start anew."""
        await self._note_carriers()
        async with open_inbox(self._outside, self._clock, follow_up_texts) as inbox:
            routes = self._routes(inbox)
            web = serve_web(self._config.web_host, self._config.web_port, routes, self._carriers)
            async with web as port, self._group:
                parts = [self._group.create_task(part) for part in self._parts(inbox)]
                await self._presence.established.wait()
                parts += [self._group.create_task(one.run()) for one in self._sendings.values()]
                intake = self._intake()
                receiving = self._group.create_task(intake.run())
                log.info("gateway ready", gateway=self.id, carriers=list(self._sendings), web_port=port)
                await stop.wait()
                await self._drain(intake, receiving)
                for part in parts:
                    part.cancel()

    @property
    def _outside(self) -> Outside:
        confirming = {one.name for one in self._carriers if one.confirms_stop}
        to = self._to
        return Outside(to.pool, to.cache, self._announce_optout, confirming, self._config.sender)

    def _announce_optout(self, event: Mapping[str, Any]) -> None:
        self._to.announcer.announce(self._to.announcer.arns.optouts, event)

    async def _note_carriers(self) -> None:
        async with self._to.pool.connection() as conn:
            for rank, one in enumerate(self._carriers):
                await note_carrier(conn, one.name, one.parts_per_second, rank, self._clock())

    def _routes(self, inbox: StoredInbox) -> list[Any]:
        routes = webhook_routes(inbox, self._config.webhooks) if self._config.webhooks else []
        if (links := self._config.links) is not None:
            routes += link_routes(self._to.pool, links.secret, self._clock, self._visits.add)
        return routes

    def _parts(self, inbox: StoredInbox) -> list[Coroutine[Any, Any, None]]:
        pool = self._to.pool
        return [
            self._presence.run(),
            self._tasks.run_deletions(),
            self._outcomes.run(),
            self._visits.run(),
            self._to.announcer.run(),
            Upkeep(pool, self.id, self._clock, self._held.keys, self._reached).run(),
            *(one.run(inbox) for one in self._carriers),
        ]

    def _reached(self) -> list[str]:
        return [one.name for one in self._carriers if one.is_up]

    def _intake(self) -> Intake:
        per_second = sum(one.parts_per_second for one in self._carriers)
        room = round(min(max(per_second * SECONDS_IN_HAND, LEAST_ROOM), MOST_ROOM))
        return Intake(
            self._to.pool, self._to.queue, self._tasks, self._sendings, self._terms, self._clock, room
        )

    async def _on_written(self, outcomes: Sequence[TextOutcome]) -> None:
        texts = [(self._held.pop(outcome.record_id), outcome) for outcome in outcomes]
        opted_out = [text.phone for text, outcome in texts if outcome.failure is TextFailure.OPTED_OUT]
        if opted_out:
            await self._list(opted_out)

    async def _list(self, phones: Sequence[str]) -> None:
        """The carrier's own list and ours are to say the same."""
        listings = [
            Listing(phone, "on the carrier's own opt-out list", source="carrier", listed_by=str(self.id))
            for phone in phones
        ]
        try:
            await list_numbers(self._to.pool, listings, self._clock(), self._to.cache)
        except (DatabaseError, PoolTimeout) as error:
            log.warning("an opt-out at the carrier is not listed here", reason=str(error))

    async def _drain(self, intake: Intake, receiving: asyncio.Task[None]) -> None:
        log.info("draining", tasks_in_hand=self._tasks.count, texts_in_flight=len(self._held))
        intake.draining = True
        for sending in self._sendings.values():
            await sending.drain()
        await _holds(receiving.done, IN_FLIGHT_TIMEOUT_S)
        for sending in self._sendings.values():
            await sending.drain()
        if not await _holds(self._nothing_in_flight, IN_FLIGHT_TIMEOUT_S):
            log.warning("texts in flight are left; they end as unknown", texts=len(self._held))
        await _holds(lambda: not self._outcomes.unwritten, WRITING_TIMEOUT_S)
        await self._tasks.delete_rest()
        await self._visits.drain(LAST_WRITES_S)
        await self._to.announcer.drain(LAST_WRITES_S)
        log.info("drained")

    def _nothing_in_flight(self) -> bool:
        return all(sending.is_idle for sending in self._sendings.values())


async def _holds(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether `condition` comes true within `timeout_s`."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + timeout_s
    while not condition():
        if loop.time() >= give_up_at:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True
