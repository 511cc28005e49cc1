"""`outdial blacklist …`: numbers that must not be called, everywhere, in one campaign, or by a registry."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated
from uuid import UUID

import typer
from psycopg.rows import DictRow

from outdial.blacklist.cache import ListedCache
from outdial.blacklist.erasing import NOT_ERASED, erase_number
from outdial.blacklist.listing import list_numbers, unlist_numbers, unlist_prefix
from outdial.campaigns.stored_recordings import delete_recordings
from outdial.cli.blacklist_audit import check, history
from outdial.cli.blacklist_files import export, import_, registries
from outdial.cli.listed_numbers import (
    InCampaign,
    IsPrefix,
    Numbers,
    OneNumber,
    Region,
    Until,
    moment_in_words,
    parse_end,
    parse_numbers,
    scope_of,
    until_in_words,
    where_listed,
    with_lists,
)
from outdial.cli.output import AsJson, print_json, print_table
from outdial.cli.who import By, who
from outdial.domain.clock import utc_now
from outdial.reports.wording import counted
from outdial.settings import load_settings
from outdial.storage.blacklist import (
    Listing,
    Unlisting,
    read_newest,
)
from outdial.storage.erasure import Erased
from outdial.storage.pool import Pool

_ERASED = {
    "contacts": ("contact",),
    "calls": ("call",),
    "recordings": ("recording",),
    "texts": ("text",),
    "replies": ("reply", "replies"),
    "listings": ("listing",),
    "history_entries": ("history entry", "history entries"),
}

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Numbers that must not be called.")
app.command()(check)
app.command()(history)
app.command("import")(import_)
app.command()(export)
app.command()(registries)


@app.command()
def add(
    numbers: Numbers,
    *,
    reason: Annotated[str, typer.Option(help="Why nobody may call them.")] = "asked not to be called",
    source: Annotated[str, typer.Option(help="Where this comes from.")] = "command line",
    by: By = None,
    until: Until = None,
    campaign: InCampaign = None,
    region: Region = None,
    prefix: IsPrefix = False,
    as_json: AsJson = False,
) -> None:
    """List numbers; no call to them begins from this moment on, and what rings is hung up."""
    now = utc_now()
    given = parse_numbers(numbers, region, is_prefix=prefix)
    ends = parse_end(until, now)

    async def work(pool: Pool, cache: ListedCache) -> set[str]:
        scope = await scope_of(pool, campaign)
        listings = [
            Listing(number, reason, source, who(by), scope.campaign_id, prefix, ends) for number in given
        ]
        return await list_numbers(pool, listings, now, cache)

    changed = with_lists(work)
    unchanged = [number for number in given if number not in changed]
    if as_json:
        print_json({"listed": given, "unchanged": unchanged})
        return
    print(f"Listed: {', '.join(given)}")
    for number in unchanged:
        print(f"{number} was listed for longer, or erased, and stays so: `outdial blacklist check {number}`")


@app.command()
def remove(
    numbers: Numbers,
    *,
    reason: Annotated[str, typer.Option(help="Why they may be called again.")] = "",
    by: By = None,
    campaign: InCampaign = None,
    region: Region = None,
    prefix: IsPrefix = False,
    as_json: AsJson = False,
) -> None:
    """Take numbers off a list and bring their contacts back; exits 1 where one was not on it."""
    given = parse_numbers(numbers, region, is_prefix=prefix)
    unlisting = Unlisting(who(by), reason or None, "command line")

    async def work(pool: Pool, cache: ListedCache) -> set[str]:
        scope = await scope_of(pool, campaign)
        if not prefix:
            return await unlist_numbers(pool, given, scope, unlisting, utc_now(), cache)
        return {one for one in given if await unlist_prefix(pool, one, scope, unlisting, utc_now(), cache)}

    gone = with_lists(work)
    removed, absent = [n for n in given if n in gone], [n for n in given if n not in gone]
    if as_json:
        print_json({"removed": removed, "not_listed": absent})
    else:
        print(f"Removed: {', '.join(removed) or 'none'}")
    where = f"campaign {campaign}" if campaign else "all campaigns"
    for number in absent:
        print(
            f"outdial: {number} is not on the list of {where}; `outdial blacklist check {number}`",
            file=sys.stderr,
        )
    raise typer.Exit(1 if absent else 0)


@app.command("list")
def list_(
    campaign: InCampaign = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Show the newest entries; `export` writes all, and those of registries too."""

    async def work(pool: Pool, _cache: ListedCache) -> list[DictRow]:
        scope = await scope_of(pool, campaign)
        async with pool.connection() as conn:
            return await read_newest(conn, scope.campaign_id, limit)

    rows = with_lists(work)
    if as_json:
        print_json(rows)
        return
    columns = ("number", "where", "for how long", "reason", "source", "by", "since")
    print_table(columns, [_cells(row) for row in rows])


@app.command()
def erase(number: OneNumber, by: By = None, region: Region = None, as_json: AsJson = False) -> None:
    """Erase everything known of a person by their number; the number stays listed for good."""
    (given,) = parse_numbers([number], region)

    async def delete(campaign_id: UUID, contact_id: UUID) -> int:
        return await asyncio.to_thread(
            delete_recordings, load_settings().storage_url, campaign_id, contact_id
        )

    async def work(pool: Pool, cache: ListedCache) -> Erased:
        return await erase_number(pool, given, who(by), utc_now(), cache, delete)

    erased = with_lists(work)
    counts = {
        "contacts": len(erased.people),
        "calls": erased.calls,
        "recordings": erased.recordings,
        "texts": erased.texts,
        "replies": erased.replies,
        "listings": erased.listings,
        "history_entries": erased.history_entries,
    }
    if as_json:
        print_json({"erased": counts, "not_erased": NOT_ERASED})
        return
    print("Erased, and never to be called again. The number was taken out of:")
    print("  " + ", ".join(counted(n, *_ERASED[name]) for name, n in counts.items()))
    print("This cannot reach:")
    for rest in NOT_ERASED:
        print(f"  {rest}")


def _cells(row: DictRow) -> list[str]:
    number = f"{row['number']}…" if row["is_prefix"] else row["number"]
    return [
        number,
        where_listed(row),
        until_in_words(row["until"]),
        row["reason"],
        row["source"],
        row["listed_by"],
        moment_in_words(row["listed_at"]),
    ]
