"""What the blacklist commands share: numbers and scopes as people give them, and entries in words."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from psycopg.rows import DictRow

from outdial.blacklist.cache import ListedCache, open_cache
from outdial.cli.database import with_database
from outdial.cli.moments import parse_moment
from outdial.domain.errors import InvalidInput
from outdial.domain.phone_numbers import NotANumber, read_number
from outdial.settings import Settings
from outdial.storage.blacklist import EVERYWHERE, Scope
from outdial.storage.campaigns import find_campaign
from outdial.storage.pool import Pool

Numbers = Annotated[list[str], typer.Argument(metavar="NUMBER…", help="Best written as +12125550123.")]
OneNumber = Annotated[str, typer.Argument(metavar="NUMBER", help="Best written as +12125550123.")]
InCampaign = Annotated[str | None, typer.Option("--campaign", help="Only in this campaign (id or slug).")]
Region = Annotated[str | None, typer.Option(help="Region of numbers without a country code, as US.")]
IsPrefix = Annotated[bool, typer.Option("--prefix", help="Every number that starts so.")]
Until = Annotated[str | None, typer.Option(help="ISO 8601; without it, for good.")]

_PREFIX = re.compile(r"\+[1-9]\d{0,14}")

Answer = TypeVar("Answer")


def with_lists(work: Callable[[Pool, ListedCache], Awaitable[Answer]]) -> Answer:
    """Do a command's work on the lists and their cache. A cache that is away is no hindrance."""

    async def run(pool: Pool, settings: Settings) -> Answer:
        async with open_cache(settings.redis_url) as cache:
            return await work(pool, cache)

    return with_database(run)


async def scope_of(pool: Pool, campaign: str | None) -> Scope:
    """The list of a campaign given by id or slug; EVERYWHERE where none is given."""
    if campaign is None:
        return EVERYWHERE
    async with pool.connection() as conn:
        return Scope((await find_campaign(conn, campaign)).id)


def parse_numbers(written: Sequence[str], region: str | None, *, is_prefix: bool = False) -> list[str]:
    """Numbers, or prefixes, each once. Raises InvalidInput with a sentence for each that is none."""
    read = [_parse_prefix(text) if is_prefix else _parse_number(text, region) for text in written]
    problems = [one.reason for one in read if isinstance(one, NotANumber)]
    if problems:
        raise InvalidInput(*problems)
    return list(dict.fromkeys(one for one in read if isinstance(one, str)))


def parse_end(until: str | None, now: datetime) -> datetime | None:
    """The end of a listing. Raises InvalidInput where it has passed."""
    if until is None:
        return None
    ends = parse_moment("--until", until)
    if ends <= now:
        raise InvalidInput(f"--until {until} has passed: give a later time, or leave it out for good")
    return ends


def where_listed(entry: DictRow) -> str:
    """Where an entry, or a line of the history, holds."""
    if entry["registry"]:
        return f"in campaigns that require registry {entry['registry']}"
    if entry["campaign_id"]:
        return f"in campaign {entry['campaign'] or entry['campaign_id']}"
    return "everywhere"


def entry_in_words(entry: DictRow) -> str:
    """Where, by what, why, from where, by whom, when and until when."""
    what = f" as prefix {entry['number']}" if entry["is_prefix"] else ""
    return (
        f"{where_listed(entry)}{what}, {until_in_words(entry['until'])}: {entry['reason']} "
        f"(source: {entry['source']}; by {entry['listed_by']} at {moment_in_words(entry['listed_at'])})"
    )


def until_in_words(until: datetime | None) -> str:
    """How long an entry holds."""
    return "for good" if until is None else f"until {moment_in_words(until)}"


def moment_in_words(moment: datetime) -> str:
    """A moment to the minute, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M}Z"


def _parse_prefix(text: str) -> str | NotANumber:
    if _PREFIX.fullmatch(text):
        return text
    return NotANumber(f"{text!r} is no prefix; write it as +1900")


def _parse_number(text: str, region: str | None) -> str | NotANumber:
    read = read_number(text, region)
    if isinstance(read, NotANumber):
        reason = read.reason.partition(", and the campaign names no default region")[0]
        return NotANumber(f"{text!r}: {reason}; write it as +12125550123 or add --region")
    return read.e164
