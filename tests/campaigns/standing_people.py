"""People of a campaign as they may stand: ready, waiting, listed, called before, on a call, done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from outdial.domain.channels import Channel
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection, Pool
from tests import given

MINUTE = timedelta(minutes=1)
AREAS = [
    (("America/New_York",), ("US-NY",)),
    (("America/Chicago", "America/New_York"), ("US-FL",)),
    (("America/Los_Angeles",), ("US-CA",)),
    (("Asia/Jerusalem",), ("IL",)),
    (("Europe/London",), ("GB",)),
    (("Asia/Kathmandu",), ()),
]


@dataclass(frozen=True)
class Person:
    """A contact, its number's past and its listings; times are minutes before or after now."""

    area: int
    stands: str
    due_in: int
    attempts_used: int
    calls_ago: tuple[int, ...]
    listings: tuple[tuple[str, int | None], ...]
    busy_elsewhere: bool
    channel: Channel = Channel.VOICE
    texts_ago: tuple[tuple[str, int], ...] = ()
    """State of each text, and how many minutes ago it was begun."""

    @property
    def place(self) -> Any:
        return (
            self.stands if self.stands in {"ready", "waiting", "dispatched", "live", "texting"} else "nowhere"
        )

    @property
    def status(self) -> Any:
        if self.stands in {"completed", "blacklisted"}:
            return self.stands
        return "failed" if self.tried or self.failure_reason else "pending"

    @property
    def tried(self) -> bool:
        return bool(self.calls_ago or self.texts_ago)

    @property
    def disturbed_ago(self) -> list[int]:
        """What the caps on a number count: every call of these, and texts that a carrier may have taken."""
        of_texts = [ago for state, ago in self.texts_ago if state not in {"not_taken", "refused"}]
        return [*self.calls_ago, *of_texts]

    @property
    def failure_reason(self) -> str | None:
        return self.stands if self.stands in {"busy", "no_window_before_end"} else None

    @property
    def attempts(self) -> int:
        return min(self.attempts_used, len(self.calls_ago))

    @property
    def is_busy_elsewhere(self) -> bool:
        return self.busy_elsewhere and self.stands != "live"


@dataclass(frozen=True)
class Stage:
    """Where people are written: a campaign, and another one that may call the same numbers."""

    conn: Connection
    campaign: Campaign
    another: Campaign
    dialer_id: UUID
    now: datetime


@dataclass(frozen=True)
class Call:
    """One originate; without a disposition it goes on."""

    no: int
    begun_at: datetime
    disposition: str | None = None


async def write_people(
    pool: Pool, now: datetime, config: dict[str, Any], some: Sequence[Person]
) -> tuple[Campaign, list[str]]:
    """These people and nobody else."""
    async with pool.connection() as conn:
        for table in ("live_calls", "campaigns", "blacklist", "erased_numbers"):
            await conn.execute(f"delete from {table}")
    campaign = await given.a_campaign(pool, now, **config)
    another = await given.a_campaign(pool, now, name="Another")
    dialer_id = await given.a_dialer(pool, now)
    numbers = given.phones(len(some))
    for number, person in zip(numbers, some, strict=True):
        for one in (campaign, another):
            await given.contacts(pool, one, [number], now, *AREAS[person.area])
    async with pool.connection() as conn:
        for name in ("us-dnc", "il-do-not-call"):
            await conn.execute("insert into registries (name) values (%s) on conflict do nothing", [name])
        for number, person in zip(numbers, some, strict=True):
            stage = Stage(conn, campaign, another, dialer_id, now)
            await _write_calls(stage, number, person)
            await _write_texts(stage, number, person)
            await _write_listings(stage, number, person)
            await _write_place(stage, number, person)
    return campaign, numbers


async def _write_calls(stage: Stage, number: str, person: Person) -> None:
    """The calls before, of either campaign; and one of the other's that is going on."""
    for no, ago in enumerate(person.calls_ago, 1):
        call = Call(no, stage.now - ago * MINUTE, "no_answer")
        await insert_call(stage, (stage.campaign, stage.another)[no % 2], number, call)
    # Never rang and does not count: no cap knows of it.
    await insert_call(stage, stage.another, number, Call(90, stage.now - MINUTE, "congestion"))
    if person.is_busy_elsewhere:
        await insert_call(stage, stage.another, number, Call(99, stage.now - timedelta(days=8)))


async def _write_texts(stage: Stage, number: str, person: Person) -> None:
    """The campaign's texts; and one asked for on a call, which no cap knows of."""
    if person.texts_ago:
        texts = [("campaign", state, ago) for state, ago in person.texts_ago]
        await insert_texts(stage, number, [*texts, ("call", "delivered", 1)])


async def insert_texts(stage: Stage, number: str, texts: Sequence[tuple[str, str, int]]) -> None:
    """Texts to a contact of the campaign: origin, state, and how many minutes ago each was begun."""
    origins, states, ago = zip(*texts, strict=True)
    await stage.conn.execute(
        """
        insert into sms_records (request_id, origin, contact_id, campaign_id, phone, sender, carrier, body,
                                 encoding, parts, gateway_id, begun_at, state)
        select gen_random_uuid(), g.origin, c.id, c.campaign_id, c.phone, 'Us', 'smpp', 'Hello', 'GSM-7', 1,
               gen_random_uuid(), g.begun_at, g.state
        from unnest(%s::text[], %s::text[], %s::timestamptz[]) as g (origin, state, begun_at)
        join contacts c on c.campaign_id = %s and c.phone = %s
        """,
        [
            list(origins),
            list(states),
            [stage.now - n * MINUTE for n in ago],
            stage.campaign.id,
            number,
        ],
    )


async def insert_call(stage: Stage, campaign: Campaign, number: str, call: Call) -> None:
    """One call to a contact; without a disposition it is live."""
    await stage.conn.execute(
        """
        with one as (
            select c.*, %(no)s as no, 'call-' || c.id || '-' || %(no)s as call_id
            from contacts c where campaign_id = %(campaign)s and phone = %(number)s
        ), recorded as (
            insert into call_records (contact_id, attempt_no, campaign_id, call_id, phone, dialer_id, trunk,
                                      begun_at, ended_at, disposition, counted)
            select id, no, campaign_id, call_id, phone, %(dialer)s, 'trunk', %(begun_at)s,
                   case when %(disposition)s::text is not null then %(begun_at)s end, %(disposition)s,
                   case when %(disposition)s::text is not null then %(disposition)s <> 'congestion' end
            from one
        )
        insert into live_calls (phone, call_id, contact_id, attempt_no, campaign_id, area_id, bucket, seq,
                                dialer_id, trunk, begun_at)
        select phone, call_id, id, no, campaign_id, area_id, 24, seq, %(dialer)s, 'trunk', %(begun_at)s
        from one where %(disposition)s::text is null
        """,
        {
            "no": call.no,
            "campaign": campaign.id,
            "number": number,
            "dialer": stage.dialer_id,
            "begun_at": call.begun_at,
            "disposition": call.disposition,
        },
    )


async def _write_listings(stage: Stage, number: str, person: Person) -> None:
    """The lists the number stands on."""
    for holder, ends_in in person.listings:
        until = None if ends_in is None else stage.now + ends_in * MINUTE
        if holder == "erased":
            await stage.conn.execute(
                "insert into erased_numbers values (number_digest(%s), %s, 'me') on conflict do nothing",
                [number, stage.now],
            )
            continue
        await stage.conn.execute(
            """
            insert into blacklist (number, is_prefix, campaign_id, registry, reason, source, listed_by,
                                   listed_at, until)
            values (%s, %s, %s, %s, 'asked', 'test', 'me', %s, %s) on conflict do nothing
            """,
            [
                number,  # as a prefix it is that of no other number
                holder == "prefix",
                {"campaign": stage.campaign.id, "another": stage.another.id}.get(holder),
                holder if holder in {"us-dnc", "il-do-not-call"} else None,
                stage.now,
                until,
            ],
        )


async def _write_place(stage: Stage, number: str, person: Person) -> None:
    """Where the contact stands."""
    row = await (
        await stage.conn.execute(
            "select * from ready_contacts where campaign_id = %s and phone = %s", [stage.campaign.id, number]
        )
    ).fetchone()
    assert row is not None
    columns = ", ".join(row)
    given_values = ", ".join(f"%({name})s" for name in row)
    if person.place != "ready":
        await stage.conn.execute("delete from ready_contacts where contact_id = %(contact_id)s", row)
    if person.place == "waiting":
        await stage.conn.execute(
            f"insert into waiting_contacts ({columns}, due_at) values ({given_values}, %(due_at)s)",
            row | {"due_at": stage.now + person.due_in * MINUTE},
        )
    if person.place == "dispatched":
        await stage.conn.execute(
            f"insert into dispatched_contacts ({columns}, claimed_at) values ({given_values}, %(now)s)",
            row | {"now": stage.now},
        )
    if person.place == "live":
        await insert_call(stage, stage.campaign, number, Call(99, stage.now - timedelta(days=8)))
    if person.place == "texting":
        await insert_texts(stage, number, [("call", "sent", 8 * 1440)])
        await stage.conn.execute(
            """
            insert into live_texts (contact_id, record_id, campaign_id, area_id, bucket, seq, phone, begun_at)
            select c.id, s.id, c.campaign_id, c.area_id, 24, c.seq, c.phone, s.begun_at
            from contacts c join sms_records s on s.contact_id = c.id
            where c.id = %s order by s.begun_at limit 1
            """,
            [row["contact_id"]],
        )
    await stage.conn.execute(
        """
        update contacts set status = %s, failure_reason = %s, attempts = %s, originates = %s,
                            last_disposition = %s, channel = %s, texts = %s
        where id = %s
        """,
        [
            person.status,
            person.failure_reason,
            person.attempts,
            max(person.attempts, len(person.calls_ago)),
            "no_answer" if person.calls_ago else None,
            person.channel,
            len(person.texts_ago),
            row["contact_id"],
        ],
    )
