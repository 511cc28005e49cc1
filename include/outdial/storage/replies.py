"""What people write back: kept, matched to the text it answers, and settled where a person has to read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.domain.sms.delivery import IncomingText
from outdial.domain.sms.encoding import SplitText
from outdial.domain.sms.replies import Reply
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("replies")


@dataclass(frozen=True, slots=True)
class TextAnswered:
    """The text a reply answers, or nothing. `settings` are its campaign's `sms`, as they are written."""

    record_id: UUID | None = None
    contact_id: UUID | None = None
    campaign_id: UUID | None = None
    sender: str | None = None
    price_per_part: Decimal | None = None
    metadata: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class QueuedText:
    """A text that waits for a gateway. `origin` is `answer`, or `call` for one asked for by a key."""

    request_id: str
    origin: str
    carrier: str
    sender: str
    phone: str
    split: SplitText
    contact_id: UUID | None = None
    campaign_id: UUID | None = None
    price_per_part: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ListedNow:
    """What lists a number everywhere: where it comes from, and until when; None is for good."""

    source: str
    until: datetime | None


async def find_text(conn: Connection, incoming: IncomingText, since: datetime) -> TextAnswered:
    """The text a reply answers, begun after `since`."""
    values = {"phone": incoming.phone, "sent_to": incoming.sent_to, "since": since}
    row = await (await conn.execute(_SQL["find_text"], values)).fetchone()
    return TextAnswered() if row is None else TextAnswered(**row)


async def read_text(conn: Connection, record_id: UUID | None) -> TextAnswered:
    """The same of a text that is known."""
    row = await (await conn.execute(_SQL["text_of_record"], {"record_id": record_id})).fetchone()
    return TextAnswered() if row is None else TextAnswered(**row)


async def keep_reply(
    conn: Connection, incoming: IncomingText, reply: Reply, text: TextAnswered
) -> int | None:
    """Keep a reply and how it was read; returns its id, None where it is kept already."""
    values = asdict(incoming) | {
        "meaning": reply.kind,
        "found": reply.found,
        "language": reply.language,
        "record_id": text.record_id,
        "contact_id": text.contact_id,
        "campaign_id": text.campaign_id,
    }
    row = await (await conn.execute(_SQL["keep"], values)).fetchone()
    return None if row is None else row["id"]


async def note_opt_out(conn: Connection, record_id: UUID | None) -> None:
    """Somebody wanted no more after this text."""
    await conn.execute(_SQL["note_opt_out"], {"record_id": record_id})


async def read_listing_of(conn: Connection, phone: str, now: datetime) -> ListedNow | None:
    """What lists a number everywhere, by itself."""
    row = await (await conn.execute(_SQL["listing_of"], {"phone": phone, "now": now})).fetchone()
    return None if row is None else ListedNow(**row)


async def read_listing_before(
    conn: Connection, phone: str, reply_sources: Collection[str], now: datetime
) -> DictRow | None:
    """What a reply's listing took the place of: `reason`, `source`, `by_whom`, `until`."""
    values = {"phone": phone, "reply_sources": list(reply_sources), "now": now}
    return await (await conn.execute(_SQL["listing_before"], values)).fetchone()


async def has_stopped_since(conn: Connection, phone: str, received_at: datetime) -> bool:
    """Whether a later reply silences the number already."""
    return await _ask(conn, "stopped_since", {"phone": phone, "received_at": received_at})


async def was_helped_since(conn: Connection, phone: str, since: datetime) -> bool:
    """Whether HELP was answered after `since`."""
    return await _ask(conn, "helped_since", {"phone": phone, "since": since})


async def waits_for_a_person(conn: Connection, phone: str) -> bool:
    """Whether any reply from the number is unclear and unread."""
    return await _ask(conn, "waits_for_a_person", {"phone": phone})


async def queue_text(conn: Connection, text: QueuedText, now: datetime) -> UUID | None:
    """Write a text down for a gateway to send; returns its record's id, None where it was asked for."""
    values = {
        "request_id": text.request_id,
        "origin": text.origin,
        "contact_id": text.contact_id,
        "campaign_id": text.campaign_id,
        "phone": text.phone,
        "sender": text.sender,
        "carrier": text.carrier,
        "body": "".join(text.split.parts),
        "encoding": text.split.encoding,
        "parts": len(text.split.parts),
        "price_per_part": text.price_per_part,
        "now": now,
    }
    row = await (await conn.execute(_SQL["queue_text"], values)).fetchone()
    return None if row is None else row["id"]


async def settle_reply(
    conn: Connection, reply_id: int, settled_as: str, by_whom: str, now: datetime
) -> DictRow | None:
    """Write down what an unclear reply meant; None where it waits no more.

    Returns `carrier`, `sent_to`, `phone`, `language`, `record_id` and `found`.
    """
    values = {"reply_id": reply_id, "settled_as": settled_as, "by_whom": by_whom, "now": now}
    return await (await conn.execute(_SQL["settle"], values)).fetchone()


async def settle_all_of(conn: Connection, phone: str, settled_as: str, by_whom: str, now: datetime) -> None:
    """Nothing unclear that the number wrote waits any more."""
    values = {"phone": phone, "settled_as": settled_as, "by_whom": by_whom, "now": now}
    await conn.execute(_SQL["settle_all_of"], values)


async def read_reply_row(conn: Connection, reply_id: int) -> DictRow | None:
    """How one reply was read and settled."""
    return await (await conn.execute(_SQL["read_one"], {"reply_id": reply_id})).fetchone()


async def read_replies(
    conn: Connection, campaign_id: UUID | None, limit: int, *, everything: bool
) -> list[DictRow]:
    """Unclear replies that wait, the oldest first; or all, the newest first."""
    values = {"campaign_id": campaign_id, "n": limit, "all": everything}
    return await (await conn.execute(_SQL["read"], values)).fetchall()


async def _ask(conn: Connection, query: str, values: Mapping[str, Any]) -> bool:
    row = cast("DictRow", await (await conn.execute(_SQL[query], values)).fetchone())
    return next(iter(row.values()))
