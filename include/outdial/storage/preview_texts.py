"""What a preview of texts asks of a whole list: who is to be texted, who lacks what, which texts to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from psycopg.rows import DictRow

from outdial.domain.sms.encoding import is_gsm_7
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("preview_texts")
_BEYOND_GSM_7 = 0x20AD
"""The euro sign is the last character GSM-7 has."""


@dataclass(frozen=True)
class ToBeTexted:
    """Contacts who are to be texted, or may be `after_calls`; and landlines, which are not."""

    contacts: int
    landlines_called: int
    landlines_unreachable: int


@dataclass(frozen=True)
class OpenedCarrier:
    """A carrier as a gateway opened it last, at `seen_at`."""

    name: str
    parts_per_second: float
    seen_at: datetime


@dataclass(frozen=True)
class Whom:
    """Those to be texted of a campaign; with `after_calls`, all of it whom a text may follow."""

    campaign_id: UUID
    after_calls: bool


async def count_to_be_texted(conn: Connection, whom: Whom) -> ToBeTexted:
    """How many they are."""
    row = await (await conn.execute(_SQL["counts"], vars(whom))).fetchone()
    return ToBeTexted(**cast("DictRow", row))


async def count_lacking_for_texts(
    conn: Connection, whom: Whom, fields: Sequence[str]
) -> tuple[dict[str, int], int]:
    """How many have no value, by field; and how many lack any of the fields."""
    rows = await (await conn.execute(_SQL["lacking"], vars(whom) | {"fields": list(fields)})).fetchall()
    by_field = {row["field"]: row["contacts"] for row in rows if row["field"] is not None}
    return by_field, sum(row["contacts"] for row in rows if row["field"] is None)


async def sample_metadata(conn: Connection, whom: Whom, n: int) -> list[dict[str, Any]]:
    """What is known of `n` of them, or of all where they are fewer."""
    rows = await (await conn.execute(_SQL["sample"], vars(whom) | {"n": n})).fetchall()
    return [row["metadata"] for row in rows]


async def extreme_metadata(conn: Connection, whom: Whom, fields: Sequence[str]) -> list[dict[str, Any]]:
    """What is known of those whose texts may be the longest."""
    values = vars(whom) | {"fields": list(fields), "gsm": _gsm_7_characters()}
    rows = await (await conn.execute(_SQL["extremes"], values)).fetchall()
    return [row["metadata"] for row in rows]


async def see_carrier(conn: Connection, name: str | None) -> OpenedCarrier | None:
    """The carrier of this name, or of campaigns that name none; None where no gateway opened it."""
    row = await (await conn.execute(_SQL["carrier"], {"name": name})).fetchone()
    return None if row is None else OpenedCarrier(**row)


@cache
def _gsm_7_characters() -> str:
    return "".join(character for character in map(chr, range(1, _BEYOND_GSM_7)) if is_gsm_7(character))
