"""A past of texts, or of texts and calls, made up from a seed by the rules that decide what follows them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from outdial.domain.channels import Channel, LineType, PassedOn, Reach
from outdial.domain.dispositions import Disposition
from outdial.domain.retries import Completed, GivenUp, RetryAt
from outdial.domain.sms.delivery import TextFailure, TextState
from outdial.domain.text_follow_up import TextEnd, what_follows_text
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection, Pool
from tests import given
from tests.reports.history import ZONES, Person, call_until_done, insert_row, store_history

CARRIERS = (("smpp", "+12025550123"), ("smpp", "72345"), ("http", "Appeal"))
PRICES = (Decimal("0.0075"), Decimal("0.01"), None)
TAKEN = {TextState.SENT, TextState.DELIVERED, TextState.UNDELIVERED}
CHARGED = TAKEN | {TextState.UNKNOWN}
UNDER_WAY = {TextState.QUEUED, TextState.SUBMITTING}
_OUTCOMES: dict[tuple[TextState, TextFailure | None], int] = {
    (TextState.DELIVERED, None): 60,
    (TextState.SENT, None): 10,
    (TextState.UNDELIVERED, TextFailure.UNREACHABLE): 8,
    (TextState.UNDELIVERED, TextFailure.LANDLINE): 6,
    (TextState.UNDELIVERED, None): 2,
    (TextState.REFUSED, TextFailure.OPTED_OUT): 3,
    (TextState.REFUSED, TextFailure.BAD_CONTENT): 3,
    (TextState.NOT_TAKEN, TextFailure.THROTTLED): 6,
    (TextState.UNKNOWN, None): 2,
}


@dataclass
class Text:
    """One row of `sms_records`, the visits to its links, and how often it was answered."""

    begun_at: datetime
    state: TextState
    failure: TextFailure | None
    origin: str = "campaign"
    line: tuple[str, str] = CARRIERS[0]
    parts: int = 1
    price: Decimal | None = None
    tries: int = 1
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    ended_at: datetime | None = None
    links: tuple[tuple[str, ...], ...] = ()
    replies: int = 0
    opted_out: bool = False


@dataclass
class TextedPerson(Person):
    """A contact who may be texted; `stands` may be `texting` too."""

    texts: list[Text] = field(default_factory=list[Text])
    line: LineType = LineType.UNKNOWN
    fallback_to: Channel | None = None
    first: Channel | None = None

    @property
    def own_texts(self) -> list[Text]:
        """Those the campaign sent, and the contact counts."""
        return [text for text in self.texts if text.origin == "campaign"]


def make_text_history(seed: int, people: int, begins_at: datetime, reach: Reach) -> list[TextedPerson]:
    """`people` contacts of a campaign that reaches them so."""
    chance = random.Random(seed)
    made = [
        TextedPerson(phone, chance.choice(ZONES), "blacklisted" if chance.random() < 0.03 else "ready")
        for phone in given.phones(people)
    ]
    for index, person in enumerate(made):
        person.line = LineType.LANDLINE if chance.random() < 0.1 else LineType.UNKNOWN
        person.first = reach.begins_on(person.line)
        at = begins_at + timedelta(seconds=50 * index)
        if person.stands == "ready" and person.first is None:
            person.stands, person.reason = "failed", "landline"
        elif person.stands == "ready" and chance.random() < 0.9:
            _reach_until_done(person, at, reach, chance)
        _respond(person, chance)
    return made


def _reach_until_done(person: TextedPerson, at: datetime, reach: Reach, chance: random.Random) -> None:
    if person.first is Channel.SMS:
        followed = _text_until_done(person, at, reach, chance)
        if followed is None:
            return
        person.fallback_to, person.stands = Channel.VOICE, "waiting"
        if chance.random() < 0.7:
            call_until_done(person, followed.due_at, chance)
        return
    call_until_done(person, at, chance)
    last = person.calls[-1] if person.calls else None
    if last is None or last.disposition is None or person.stands not in {"completed", "failed"}:
        return
    reached = last.disposition is Disposition.ANSWERED
    if not last.opted_out and reach.text_follows(last.disposition, person.line, reached=reached):
        person.fallback_to, person.stands, person.reason = Channel.SMS, "waiting", None
        if chance.random() < 0.8:
            _text_until_done(person, last.ended_at or at, reach, chance)


def _text_until_done(
    person: TextedPerson, at: datetime, reach: Reach, chance: random.Random
) -> PassedOn | None:
    while True:
        text = _make_text(at, chance)
        person.texts.append(text)
        if chance.random() < 0.03:
            _leave_under_way(person, text, chance)
            return None
        not_taken = sum(one.state is TextState.NOT_TAKEN for one in person.own_texts)
        end = TextEnd(text.state, text.failure, text.ended_at or at, not_taken)
        followed = what_follows_text(end, reach)
        if not isinstance(followed, RetryAt):
            return _end(person, followed, chance)
        person.stands, at = "waiting", followed.due_at
        if chance.random() < 0.1:
            return None


def _end(
    person: TextedPerson, followed: Completed | GivenUp | PassedOn, chance: random.Random
) -> PassedOn | None:
    match followed:
        case Completed():
            person.stands, person.reason = "completed", None
            last = person.own_texts[-1]
            if last.state is TextState.SENT and chance.random() < 0.2:
                last.state, last.failure = TextState.UNDELIVERED, TextFailure.UNREACHABLE
            return None
        case GivenUp(reason):
            person.stands, person.reason = "failed", reason
            return None
        case PassedOn():
            return followed


def _make_text(at: datetime, chance: random.Random) -> Text:
    state, failure = chance.choices(list(_OUTCOMES), list(_OUTCOMES.values()))[0]
    ended_at = at + timedelta(seconds=chance.uniform(0.2, 90))
    visitors = ("person", "own_previewer", "previewer", "bot")
    links = tuple(
        tuple(chance.choices(visitors, k=chance.choice([0, 0, 1, 3])))
        for _ in range(chance.choice([0, 1, 2]))
    )
    return Text(
        at,
        state,
        failure,
        line=chance.choice(CARRIERS),
        parts=chance.choice([1, 1, 2, 5]),
        price=chance.choice(PRICES),
        sent_at=at + timedelta(seconds=0.1) if state in TAKEN else None,
        delivered_at=ended_at if state is TextState.DELIVERED else None,
        ended_at=None if state is TextState.SENT else ended_at,
        links=links,
    )


def _leave_under_way(person: TextedPerson, text: Text, chance: random.Random) -> None:
    """Asked for and not answered, or taken and waiting for its receipt."""
    person.stands = "texting"
    text.state, text.failure = chance.choice([TextState.SUBMITTING, TextState.SENT]), None
    text.delivered_at = text.ended_at = None
    text.sent_at = text.begun_at if text.state is TextState.SENT else None


def _respond(person: TextedPerson, chance: random.Random) -> None:
    """What keys ask for on calls, and what people write back."""
    for call in person.calls:
        if call.converted:
            state = chance.choice([TextState.QUEUED, TextState.DELIVERED, TextState.REFUSED])
            text = Text(call.begun_at, state, None, "call", chance.choice(CARRIERS), 2, PRICES[0])
            text.delivered_at = text.ended_at = call.ended_at if state is TextState.DELIVERED else None
            text.tries = 3
            person.texts.append(text)
    taken = [text for text in person.texts if text.state in TAKEN and text.origin == "campaign"]
    if taken and chance.random() < 0.2:
        text = taken[-1]
        text.replies = chance.choice([1, 2])
        text.opted_out = chance.random() < 0.4
        if text.opted_out:
            answer = Text(text.begun_at, TextState.SENT, None, "answer", text.line, 1, text.price)
            person.texts.append(answer)


async def store_text_history(
    pool: Pool, campaign: Campaign, history: list[TextedPerson], now: datetime
) -> None:
    """Write `history` as rows of `campaign`."""
    await store_history(pool, campaign, history, now)
    async with pool.connection() as conn:
        cursor = await conn.execute("select * from contacts where campaign_id = %s", [campaign.id])
        contacts = {row["phone"]: row for row in await cursor.fetchall()}
        for person in history:
            await _store_person(conn, person, contacts[person.phone], now)


async def _store_person(
    conn: Connection, person: TextedPerson, contact: dict[str, Any], now: datetime
) -> None:
    ids = [await store_text(conn, text, contact) for text in person.texts]
    if person.stands == "texting":
        last = len(person.own_texts) - 1
        record_id = [one for one, text in zip(ids, person.texts, strict=True) if text.origin == "campaign"][
            last
        ]
        key = {name: contact[name] for name in ("campaign_id", "area_id", "seq", "phone")}
        live = {"contact_id": contact["id"], "record_id": record_id, "bucket": 24, "begun_at": now}
        await insert_row(conn, "live_texts", key | live)
    has_ended = any(text.state not in UNDER_WAY for text in person.own_texts)
    await conn.execute(
        """
        update contacts set texts = %s, line_type = %s, fallback_to = %s, channel = %s,
                            status = case when status = 'pending' and %s then 'failed' else status end
        where id = %s
        """,
        [
            len(person.own_texts),
            person.line,
            person.fallback_to,
            person.fallback_to or person.first or "sms",
            has_ended,
            contact["id"],
        ],
    )


async def store_text(conn: Connection, text: Text, contact: dict[str, Any]) -> UUID:
    """One text with its links, their visits and its replies; returns its record's id."""
    record_id = uuid4()
    carrier, sender = text.line
    row = {name: getattr(text, name) for name in ("origin", "parts", "tries", "begun_at", "sent_at")}
    row |= {
        name: getattr(text, name) for name in ("delivered_at", "ended_at", "state", "failure", "opted_out")
    }
    of_contact = {
        "contact_id": contact["id"],
        "campaign_id": contact["campaign_id"],
        "phone": contact["phone"],
    }
    of_carrier = {"carrier": carrier, "sender": sender, "price_per_part": text.price}
    made = {"id": record_id, "request_id": str(record_id), "body": "=Hello", "encoding": "GSM-7"}
    gateway = {"gateway_id": None if text.state is TextState.QUEUED else uuid4()}
    await insert_row(conn, "sms_records", row | of_contact | of_carrier | made | gateway)
    for position, visitors in enumerate(text.links):
        await _store_link(conn, record_id, position, visitors, text.begun_at)
    for number in range(text.replies):
        said = {"carrier": carrier, "message_id": f"{record_id}-{number}", "sent_to": sender, "body": "Yes"}
        read = {"received_at": text.begun_at, "meaning": "unclear" if number else "other"}
        await insert_row(conn, "sms_replies", said | read | of_contact | {"record_id": record_id})
    return record_id


async def _store_link(
    conn: Connection, record_id: UUID, position: int, visitors: Iterable[str], at: datetime
) -> None:
    cursor = await conn.execute(
        "insert into sms_links (record_id, position, url, expires_at)"
        " values (%s, %s, 'https://example.org/', %s) returning id",
        [record_id, position, at + timedelta(days=30)],
    )
    link = await cursor.fetchone()
    assert link is not None
    for visitor in visitors:
        row = {"id": uuid4(), "link_id": link["id"], "at": at, "visitor": visitor}
        await insert_row(conn, "sms_link_visits", row)
