"""`outdial blacklist …`: numbers that must not be called, everywhere or in one campaign."""

from __future__ import annotations

import getpass
import re
import sys
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from outdial.blacklist.listing import list_numbers, unlist_number
from outdial.cli.database import with_database
from outdial.cli.moments import parse_moment
from outdial.cli.output import AsJson, print_json, print_table
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.domain.phone_numbers import NotANumber, read_number
from outdial.settings import Settings
from outdial.storage.blacklist import Listing, is_listed, read_listings
from outdial.storage.campaigns import find_campaign
from outdial.storage.pool import Pool

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Numbers that must not be called.")

_PREFIX = re.compile(r"\+[1-9]\d{0,14}")

Numbers = Annotated[list[str], typer.Argument(metavar="NUMBER…", help="Best written as +12125550123.")]
Scope = Annotated[str | None, typer.Option("--campaign", help="Only in this campaign (id or slug).")]
Region = Annotated[str | None, typer.Option(help="Region of numbers without a country code, as US.")]
Prefix = Annotated[bool, typer.Option("--prefix", help="Every number that starts so.")]


@app.command()
def add(
    numbers: Numbers,
    *,
    reason: Annotated[str, typer.Option(help="Why nobody may call them.")] = "asked not to be called",
    source: Annotated[str, typer.Option(help="Where this comes from.")] = "command line",
    by: Annotated[str | None, typer.Option(help="Who lists them. Default: you.")] = None,
    until: Annotated[str | None, typer.Option(help="ISO 8601; without it, for good.")] = None,
    campaign: Scope = None,
    region: Region = None,
    prefix: Prefix = False,
    as_json: AsJson = False,
) -> None:
    """List numbers; no call to them begins from this moment on."""
    now = utc_now()
    listed = _parse_numbers(numbers, region, is_prefix=prefix)
    ends = _parse_end(until, now)

    async def work(pool: Pool, _settings: Settings) -> None:
        campaign_id = await _campaign_id(pool, campaign)
        listings = [
            Listing(number, reason, source, by or _who(), campaign_id, prefix, ends) for number in listed
        ]
        await list_numbers(pool, listings, now)

    with_database(work)
    if as_json:
        print_json({"listed": listed})
    else:
        print(f"Listed: {', '.join(listed)}")


@app.command()
def remove(
    numbers: Numbers,
    campaign: Scope = None,
    region: Region = None,
    prefix: Prefix = False,
    as_json: AsJson = False,
) -> None:
    """Take numbers off a list; exits 1 where one was not on it."""
    given = _parse_numbers(numbers, region, is_prefix=prefix)

    async def work(pool: Pool, _settings: Settings) -> list[str]:
        campaign_id = await _campaign_id(pool, campaign)
        return [n for n in given if not await unlist_number(pool, n, campaign_id, is_prefix=prefix)]

    absent = with_database(work)
    removed = [number for number in given if number not in absent]
    if as_json:
        print_json({"removed": removed, "not_listed": absent})
    else:
        print(f"Removed: {', '.join(removed) or 'none'}")
    where = f"campaign {campaign}" if campaign else "all campaigns"
    for number in absent:
        print(
            f"outdial: {number} is not on the list of {where}; `outdial blacklist list` shows all",
            file=sys.stderr,
        )
    raise typer.Exit(1 if absent else 0)


@app.command()
def check(
    number: Annotated[str, typer.Argument(help="Best written as +12125550123.")],
    campaign: Scope = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a number may not be called now."""
    (given,) = _parse_numbers([number], region, is_prefix=False)

    async def work(pool: Pool, _settings: Settings) -> bool:
        campaign_id = await _campaign_id(pool, campaign)
        async with pool.connection() as conn:
            return await is_listed(conn, given, campaign_id, utc_now())

    listed = with_database(work)
    if as_json:
        print_json({"number": given, "listed": listed})
    else:
        print(f"{given} is {'listed: it is not called' if listed else 'not listed'}.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show the whole list, newest first."""

    async def work(pool: Pool, _settings: Settings) -> list[dict[str, object]]:
        async with pool.connection() as conn:
            return await read_listings(conn)

    rows = with_database(work)
    if as_json:
        print_json(rows)
        return
    columns = ("number", "reason", "source", "listed_by", "listed_at", "until", "campaign_id")
    print_table(columns, [[_shown(row, column) for column in columns] for row in rows])


def _shown(row: dict[str, object], column: str) -> str:
    value = row[column]
    match value:
        case None:
            return {"until": "for good", "campaign_id": "everywhere"}.get(column, "")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}Z"
        case _:
            return f"{value}…" if column == "number" and row["is_prefix"] else str(value)


async def _campaign_id(pool: Pool, name: str | None) -> UUID | None:
    if name is None:
        return None
    async with pool.connection() as conn:
        return (await find_campaign(conn, name)).id


def _parse_numbers(written: list[str], region: str | None, *, is_prefix: bool) -> list[str]:
    numbers: list[str] = []
    problems: list[str] = []
    for text in written:
        if is_prefix:
            (numbers if _PREFIX.fullmatch(text) else problems).append(text)
            continue
        read = read_number(text, region)
        if isinstance(read, NotANumber):
            problems.append(f"{text!r}: {read.reason}; write it as +12125550123 or add --region")
        else:
            numbers.append(read.e164)
    if is_prefix and problems:
        raise InvalidInput(*(f"{text!r} is no prefix; write it as +1900" for text in problems))
    if problems:
        raise InvalidInput(*problems)
    return list(dict.fromkeys(numbers))


def _parse_end(until: str | None, now: datetime) -> datetime | None:
    if until is None:
        return None
    ends = parse_moment("--until", until)
    if ends <= now:
        raise InvalidInput(f"--until {until} has passed: give a later time, or leave it out for good")
    return ends


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "command line"
