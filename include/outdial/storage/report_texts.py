"""What a report counts of texts, read inside one snapshot as `storage.report` reads calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar, cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("report_texts")
_ROWS_A_FETCH = 2000

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class TextCounts:
    """Sums over a campaign's texts; `parts` with those of answers, all else without."""

    begun: int
    answers: int
    asked_for_on_calls: int
    tries: int
    opted_out: int
    submitting: int
    parts: int
    contacts_texted: int
    first_text_at: datetime | None
    last_text_at: datetime | None


@dataclass(frozen=True)
class OutcomeCounts:
    """Texts of one state and reason."""

    state: str
    failure: str | None
    texts: int


@dataclass(frozen=True)
class TextLineCounts:
    """Texts over one carrier from one sender."""

    carrier: str
    sender: str
    texts: int
    sent: int
    delivered: int
    failed: int


@dataclass(frozen=True)
class PriceCounts:
    """Parts that were, or may have been, charged for at one price; None where none was set."""

    price_per_part: Decimal | None
    parts: int


@dataclass(frozen=True)
class TextQuarterHour:
    """Texts to people in `zones` begun in the fifteen minutes from `quarter`."""

    zones: list[str]
    quarter: datetime
    texts: int
    delivered: int


@dataclass(frozen=True)
class DeliverySeconds:
    """How long delivered texts took; None without any."""

    texts: int
    median_s: float | None
    p90_s: float | None


@dataclass(frozen=True)
class ReplyCounts:
    """Replies, the people who wrote them, and those that wait for somebody to read them."""

    replies: int
    people: int
    unclear: int


@dataclass(frozen=True)
class PassedOnCounts:
    """Contacts whom `channel` follows as the second one; each is in one of the four below `contacts`."""

    channel: str
    contacts: int
    delivered: int
    sent: int
    failed: int
    in_progress: int


@dataclass(frozen=True)
class TextAgreement:
    """How many contacts agree with their texts, of how many; `texts` by what they say of themselves."""

    contacts: int
    same_counts: int
    texts: int
    completed: int
    completed_by_either: int


async def count_texts(conn: Connection, campaign_id: UUID) -> TextCounts:
    """All texts together."""
    return await _read_one(conn, "counts", campaign_id, TextCounts)


async def count_under_way(conn: Connection, campaign_id: UUID) -> int:
    """Contacts for whom a carrier is being asked to take a text."""
    row = await (await conn.execute(_SQL["under_way"], {"campaign_id": campaign_id})).fetchone()
    return cast("DictRow", row)["texts"]


async def count_by_outcome(conn: Connection, campaign_id: UUID) -> list[OutcomeCounts]:
    """Texts by state and reason."""
    return await _read(conn, "by_outcome", campaign_id, OutcomeCounts)


async def count_by_line(conn: Connection, campaign_id: UUID) -> list[TextLineCounts]:
    """Texts by carrier and sender, the busiest first."""
    return await _read(conn, "by_line", campaign_id, TextLineCounts)


async def count_by_price(conn: Connection, campaign_id: UUID) -> list[PriceCounts]:
    """Parts by price."""
    return await _read(conn, "by_price", campaign_id, PriceCounts)


async def count_by_quarter_hour(conn: Connection, campaign_id: UUID) -> list[TextQuarterHour]:
    """Texts by area and quarter of an hour, in order."""
    return await _read(conn, "by_quarter_hour", campaign_id, TextQuarterHour)


async def measure_delivery(conn: Connection, campaign_id: UUID) -> DeliverySeconds:
    """How long texts took to their telephones."""
    return await _read_one(conn, "seconds_to_delivery", campaign_id, DeliverySeconds)


async def count_replies(conn: Connection, campaign_id: UUID) -> ReplyCounts:
    """What people wrote back."""
    return await _read_one(conn, "replies", campaign_id, ReplyCounts)


async def count_passed_on(
    conn: Connection, campaign_id: UUID, *, begins_with_texts: bool
) -> list[PassedOnCounts]:
    """What came of the second channel, where one followed."""
    values = {"campaign_id": campaign_id, "begins_with_texts": begins_with_texts}
    rows = await (await conn.execute(_SQL["passed_on"], values)).fetchall()
    return [PassedOnCounts(**row) for row in rows]


async def compare_contacts_with_texts(conn: Connection, campaign_id: UUID) -> TextAgreement:
    """Whether what contacts say of themselves is what their texts and calls say."""
    return await _read_one(conn, "agreement", campaign_id, TextAgreement)


async def stream_texts(conn: Connection, campaign_id: UUID) -> AsyncGenerator[list[DictRow]]:
    """Every text but for its words, a few thousand at a time."""
    async with conn.cursor(name="report_texts") as cursor:
        await cursor.execute(_SQL["texts"], {"campaign_id": campaign_id})
        while rows := await cursor.fetchmany(_ROWS_A_FETCH):
            yield rows


async def _read(conn: Connection, name: str, campaign_id: UUID, shape: type[_Row]) -> list[_Row]:
    rows = await (await conn.execute(_SQL[name], {"campaign_id": campaign_id})).fetchall()
    return [shape(**row) for row in rows]


async def _read_one(conn: Connection, name: str, campaign_id: UUID, shape: type[_Row]) -> _Row:
    row = await (await conn.execute(_SQL[name], {"campaign_id": campaign_id})).fetchone()
    return shape(**cast("DictRow", row))
