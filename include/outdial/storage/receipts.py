"""What carriers tell of texts, as it came, and what that makes of the texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from outdial.domain.sms.delivery import EndedText, Receipt, ReceiptState, TextFailure, TextState
from outdial.storage.advisory_locks import TEXT_RECEIPTS
from outdial.storage.pool import Connection
from outdial.storage.queries import load_queries

_SQL = load_queries("receipts")
_OURS = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class MatchedReceipt:
    """A receipt and the text it is about, None where we know of none."""

    receipt: Receipt
    record_id: UUID | None


async def hold_waiting(conn: Connection) -> None:
    """Until this transaction ends no text becomes known under a carrier's id; before any text is locked."""
    await conn.execute(_SQL["lock"], {"lock": TEXT_RECEIPTS})


async def hold_waiting_still(conn: Connection) -> None:
    """Until this transaction ends no receipt is kept as one of an unknown text; others may hold it too."""
    await conn.execute(_SQL["lock_shared"], {"lock": TEXT_RECEIPTS})


async def match_receipts(
    conn: Connection, receipts: Sequence[Receipt], since: datetime
) -> list[MatchedReceipt]:
    """The text of each receipt; those begun before `since` are known by name only, for ids are used anew."""
    values = {
        "carriers": [one.carrier for one in receipts],
        "message_ids": [one.message_id for one in receipts],
        "references": [_as_record_id(one.reference) for one in receipts],
        "since": since,
    }
    rows = await (await conn.execute(_SQL["match"], values)).fetchall()
    return [MatchedReceipt(receipt, row["record_id"]) for receipt, row in zip(receipts, rows, strict=True)]


async def hold_records(conn: Connection, record_ids: Collection[UUID]) -> None:
    """Until this transaction ends nobody else judges these texts."""
    await conn.execute(_SQL["hold_records"], {"record_ids": list(record_ids)})


async def keep_receipts(conn: Connection, matched: Sequence[MatchedReceipt], now: datetime) -> None:
    """Keep receipts as they came; the same one again only counts."""
    told = [one.receipt for one in matched]
    values: dict[str, Any] = {
        "carriers": [one.carrier for one in told],
        "message_ids": [one.message_id for one in told],
        "states": [one.state for one in told],
        "record_ids": [one.record_id for one in matched],
        "failures": [one.failure if one.state is ReceiptState.FAILED else None for one in told],
        "said": [one.said for one in told],
        "reported_at": [one.reported_at for one in told],
        "now": now,
    }
    await conn.execute(_SQL["keep"], values)


async def name_parts(conn: Connection, matched: Sequence[MatchedReceipt]) -> None:
    """Note under which ids receipts speak of texts that they name by our reference."""
    named = [one for one in matched if one.record_id and _as_record_id(one.receipt.reference)]
    if not named:
        return
    values = {
        "carriers": [one.receipt.carrier for one in named],
        "message_ids": [one.receipt.message_id for one in named],
        "record_ids": [one.record_id for one in named],
    }
    await conn.execute(_SQL["name_parts"], values)


async def claim_waiting(conn: Connection, record_ids: Collection[UUID]) -> None:
    """Give these texts the receipts that came before their ids were known."""
    await conn.execute(_SQL["claim_waiting"], {"record_ids": list(record_ids)})


async def judge_texts(conn: Connection, record_ids: Collection[UUID]) -> list[EndedText]:
    """Bring parts and texts in step with their receipts; returns those that end, or end otherwise, so."""
    values = {"record_ids": list(record_ids)}
    await conn.execute(_SQL["weigh_parts"], values)
    rows = await (await conn.execute(_SQL["judge"], values)).fetchall()
    return [
        EndedText(
            row["id"],
            TextState(row["state"]),
            None if row["failure"] is None else TextFailure(row["failure"]),
            row["ended_at"],
        )
        for row in rows
        if row["state"] in {TextState.DELIVERED, TextState.UNDELIVERED} and row["state"] != row["was"]
    ]


def _as_record_id(reference: str | None) -> UUID | None:
    return UUID(reference) if reference and _OURS.fullmatch(reference) else None
