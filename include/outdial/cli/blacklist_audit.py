"""`outdial blacklist check|history`: who is listed, by what, and everything that was ever done about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from outdial.blacklist.cache import ListedCache
from outdial.cli.listed_numbers import (
    InCampaign,
    IsPrefix,
    OneNumber,
    Region,
    entry_in_words,
    moment_in_words,
    parse_numbers,
    until_in_words,
    where_listed,
    with_lists,
)
from outdial.cli.output import AsJson, print_json
from outdial.domain.clock import utc_now
from outdial.storage.blacklist import is_listed, read_entries_of, read_history
from outdial.storage.campaigns import find_campaign
from outdial.storage.erasure import read_erasure
from outdial.storage.pool import Pool


def check(
    number: OneNumber, campaign: InCampaign = None, region: Region = None, as_json: AsJson = False
) -> None:
    """Say whether a number may not be called now, and by which entries of which lists."""
    (given,) = parse_numbers([number], region)
    now = utc_now()

    async def work(pool: Pool, _cache: ListedCache) -> dict[str, Any]:
        async with pool.connection() as conn:
            asked = None if campaign is None else await find_campaign(conn, campaign)
            required = {one.name for one in asked.config.registries} if asked else set[str]()
            entries = await read_entries_of(conn, given, now)
            for entry in entries:
                entry["holds"] = _holds(entry, None if asked is None else asked.id, required)
            listed = await is_listed(conn, given, None if asked is None else asked.id, now)
            erasure = await read_erasure(conn, given)
        return {"number": given, "listed": listed, "erased": erasure, "entries": entries}

    found = with_lists(work)
    if as_json:
        print_json(found)
        return
    print(f"{given} {_verdict(campaign, listed=found['listed'], in_part=bool(found['entries']))}")
    if found["erased"]:
        print(f"  everywhere, for good: erased at {moment_in_words(found['erased']['erased_at'])}")
    for entry in found["entries"]:
        print(f"  {entry_in_words(entry)}")


def history(
    number: OneNumber, region: Region = None, prefix: IsPrefix = False, as_json: AsJson = False
) -> None:
    """Everything that was done to the lists about a number, oldest first."""
    (given,) = parse_numbers([number], region, is_prefix=prefix)

    async def work(pool: Pool, _cache: ListedCache) -> list[DictRow]:
        async with pool.connection() as conn:
            return await read_history(conn, given)

    rows = with_lists(work)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        what = f"prefix {row['number']} " if row["is_prefix"] else ""
        held = "" if row["action"] == "unlisted" else f", {until_in_words(row['until'])}"
        why = f": {row['reason']}" if row["reason"] else ""
        source = f" (source: {row['source']})" if row["source"] else ""
        print(
            f"{moment_in_words(row['at'])}  {what}{row['action']} {where_listed(row)} by {row['by_whom']}"
            f"{held}{why}{source}"
        )
    if not rows:
        print(f"Nothing was ever done about {given}, or it was erased.")


def _verdict(campaign: str | None, *, listed: bool, in_part: bool) -> str:
    if listed:
        return f"is listed: it is not called in {f'campaign {campaign}' if campaign else 'any campaign'}:"
    if not in_part:
        return "is not listed."
    return (
        f"is not listed for campaign {campaign}, but:"
        if campaign
        else "is listed, but not for all campaigns:"
    )


def _holds(entry: DictRow, campaign_id: UUID | None, required: set[str]) -> bool:
    """Whether an entry speaks of the campaign asked about, or of all where none was."""
    if entry["registry"]:
        return entry["registry"] in required
    return entry["campaign_id"] in {None, campaign_id}
