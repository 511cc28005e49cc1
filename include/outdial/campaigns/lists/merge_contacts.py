"""Two rows with one number become one contact, by the campaign's policy for duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from outdial.campaigns.lists.contact_rows import ReadRow
from outdial.domain.errors import InvalidInput
from outdial.storage.campaigns import Campaign, lock_campaign
from outdial.storage.contacts import NewContact, insert_contacts, renew_metadata
from outdial.storage.pool import Connection

Duplicates = Literal["first", "last", "merge"]


def require_open(campaign: Campaign) -> None:
    """Raises InvalidInput where nobody would ever call the people of a list."""
    if campaign.status in {"completed", "cancelled"}:
        raise InvalidInput(
            f"campaign {campaign.slug} is {campaign.status} and takes no more contacts: create another"
        )


async def store_batch(
    conn: Connection, campaign_id: UUID, rows: Sequence[ReadRow], now: datetime
) -> list[ReadRow]:
    """Insert rows whose number the campaign has not; returns those. The caller commits.

    Where it has the number already, `first` leaves the contact alone, `last` replaces its metadata and
    `merge` adds what it lacks. Its zones stay: it may be claimed by them at this moment.
    """
    campaign = await lock_campaign(conn, campaign_id)
    require_open(campaign)
    policy = campaign.config.duplicates
    distinct = merge_rows(rows, policy)
    if not distinct:
        return []
    new = await insert_contacts(conn, campaign, [row.contact for row in distinct], now)
    known = [row.contact for row in distinct if row.contact.phone not in new]
    if known and policy != "first":
        await renew_metadata(conn, campaign_id, known, keep_old=policy == "merge")
    return [row for row in distinct if row.contact.phone in new]


def merge_rows(rows: Iterable[ReadRow], policy: Duplicates) -> list[ReadRow]:
    """One row for each number, in the order of their first appearance."""
    by_number: dict[str, ReadRow] = {}
    for row in rows:
        earlier = by_number.get(row.contact.phone)
        by_number[row.contact.phone] = row if earlier is None else _merged(earlier, row, policy)
    return list(by_number.values())


def _merged(earlier: ReadRow, later: ReadRow, policy: Duplicates) -> ReadRow:
    match policy:
        case "first":
            return earlier
        case "last":
            return later
        case "merge":
            return replace(earlier, contact=_with_more(earlier.contact, later.contact))


def _with_more(earlier: NewContact, later: NewContact) -> NewContact:
    return replace(earlier, metadata=later.metadata | earlier.metadata)
