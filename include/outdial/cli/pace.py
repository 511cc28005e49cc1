"""`outdial pace`: how fast calls may go at the moment and why; and an operator's own limits."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from outdial.cli.database import with_database
from outdial.cli.output import AsJson, print_json
from outdial.cli.pace_output import PaceSeen, pace_lines, share
from outdial.cli.who import By, who
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.pacing.requests import ALL, campaign_key, trunk_key
from outdial.settings import Settings
from outdial.storage.campaigns import find_campaign, list_campaigns
from outdial.storage.pace_factors import (
    Hold,
    hold_pace,
    read_pace_changes,
    read_pace_factors,
    read_pace_watch,
    release_pace,
)
from outdial.storage.pool import Connection, Pool

CHANGES_SHOWN = 10
LEAST = 0.001
"""Below that nobody would see that calls still go."""

app = typer.Typer(
    add_completion=False,
    help="How fast calls may go at the moment and why; `hold` and `release` an operator's own limit.",
)

Key = Annotated[str, typer.Argument(help="all, trunk:NAME, or campaign:ID with a campaign's id or slug.")]


@app.callback(invoke_without_command=True)
def pace(
    ctx: typer.Context,
    last: Annotated[int, typer.Option(min=0, max=10_000, help="How many changes to show.")] = CHANGES_SHOWN,
    as_json: AsJson = False,
) -> None:
    """Show every pace that is lowered, why and since when, and the last changes."""
    if ctx.invoked_subcommand is not None:
        return

    async def work(pool: Pool, settings: Settings) -> PaceSeen:
        async with pool.connection() as conn:
            return PaceSeen(
                max_cps=settings.max_cps,
                metrics_url=settings.telephony_metrics_url,
                lowered=await read_pace_factors(conn),
                changes=await read_pace_changes(conn, last),
                watch=await read_pace_watch(conn),
                slugs={campaign_key(one.id): one.slug for one in await list_campaigns(conn)},
                now=utc_now(),
            )

    seen = with_database(work)
    if as_json:
        print_json(_as_json(seen))
    else:
        print("\n".join(pace_lines(seen)))


@app.command()
def hold(
    key: Key,
    factor: Annotated[float, typer.Argument(help="The share it may use at most, as 0.5 for half.")],
    because: Annotated[str, typer.Option(help="Why, for whoever wonders later.")],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Limit a pace until it is released; the controller may go lower, and never raises it."""
    if not LEAST <= factor < 1:
        raise InvalidInput(
            f"FACTOR: must be at least {LEAST:g} and below 1 (given: {factor:g}); `outdial pace release` "
            "takes a limit away, `outdial campaign pause` stops a campaign's calls"
        )
    if not because.strip():
        raise InvalidInput("--because: say why, for whoever wonders later")
    now = utc_now()

    async def work(pool: Pool, _settings: Settings) -> Hold:
        async with pool.connection() as conn:
            wanted = Hold(await _key_of(conn, key), factor, who(by), because.strip())
            await hold_pace(conn, wanted, now)
            return wanted

    held = with_database(work)
    if as_json:
        print_json(asdict(held) | {"since": now})
    else:
        print(f"{key} goes at no more than {share(held.factor)} of its pace until it is released.")


@app.command()
def release(
    key: Key,
    because: Annotated[str, typer.Option(help="Why, for whoever wonders later.")] = "released",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Take an operator's limit away; what the controller lowered stays lowered, and rises by steps."""

    async def work(pool: Pool, _settings: Settings) -> tuple[float, float] | None:
        async with pool.connection() as conn:
            return await release_pace(conn, await _key_of(conn, key), who(by), because, utc_now())

    released = with_database(work)
    if released is None:
        raise InvalidInput(f"KEY: nobody holds {key}; `outdial pace` shows what is held")
    before, after = released
    if as_json:
        print_json({"key": key, "before": before, "after": after})
    else:
        print(f"{key} went at {share(before)} of its pace and goes at {share(after)} now.")


async def _key_of(conn: Connection, written: str) -> str:
    kind, _, name = written.partition(":")
    if kind == "campaign" and name:
        return campaign_key((await find_campaign(conn, name)).id)
    if kind == "trunk" and re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        return trunk_key(name)
    if written != ALL:
        raise InvalidInput(f"KEY: write all, trunk:NAME or campaign:ID (given: {written[:60]!r})")
    return ALL


def _as_json(seen: PaceSeen) -> dict[str, Any]:
    return {
        "maxCps": seen.max_cps,
        "lowered": [_camel(asdict(one)) | {"name": seen.name_of(one.key)} for one in seen.lowered],
        "watch": _camel(asdict(seen.watch)) if seen.watch else None,
        "changes": [_camel(asdict(one)) | {"name": seen.name_of(one.key)} for one in seen.changes],
    }


def _camel(row: dict[str, Any]) -> dict[str, Any]:
    def name(snake: str) -> str:
        first, *others = snake.split("_")
        return first + "".join(word.title() for word in others)

    return {
        name(key): value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()
    }
