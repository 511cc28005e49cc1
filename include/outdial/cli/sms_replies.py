"""`outdial sms replies …`: what people wrote back, and what a person has to decide about it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from psycopg.rows import DictRow

from outdial.blacklist.cache import ListedCache
from outdial.cli.listed_numbers import InCampaign, moment_in_words, scope_of, with_lists
from outdial.cli.output import AsJson, print_json, print_table
from outdial.cli.who import By, who
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput, OutdialError
from outdial.messaging.topics import open_topics
from outdial.settings import Settings, load_settings
from outdial.sms.replies import Outside, settle_unclear
from outdial.storage.pool import Pool
from outdial.storage.replies import read_replies
from outdial.telemetry.logs import mask_numbers

app = typer.Typer(
    add_completion=False,
    help="What people wrote back: replies that wait for a person to read them, or all.",
)


@app.callback(invoke_without_command=True)
def replies(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All replies, the newest first.")] = False,
    campaign: InCampaign = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most.")] = 100,
    full: Annotated[bool, typer.Option("--full", help="Show whole numbers.")] = False,
    as_json: AsJson = False,
) -> None:
    """List replies that may be opt-outs and wait for a person, the oldest first."""
    if ctx.invoked_subcommand is not None:
        return

    async def work(pool: Pool, _cache: ListedCache) -> list[DictRow]:
        scope = await scope_of(pool, campaign)
        async with pool.connection() as conn:
            return await read_replies(conn, scope.campaign_id, limit, everything=everything)

    rows = with_lists(work)
    shown = rows if full else [row | {"phone": mask_numbers(row["phone"])} for row in rows]
    if as_json:
        print_json(shown)
    elif not shown:
        print("Nobody has written back." if everything else "No reply waits for a person.")
    else:
        _print(shown, everything=everything)


@app.command()
def settle(
    reply: Annotated[int, typer.Argument(metavar="ID", help="As `outdial sms replies` lists it.")],
    *,
    stop: Annotated[bool, typer.Option("--stop", help="It is a STOP: no texts or calls, confirmed.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="It is no STOP: texts and calls go on.")] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Decide what an unclear reply means: until then its number is neither texted nor called."""
    if stop == keep:
        raise InvalidInput("give either --stop or --keep, one of them")
    settings = load_settings()

    async def work(pool: Pool, cache: ListedCache) -> None:
        events: list[Mapping[str, Any]] = []
        outside = Outside(pool, cache, events.append, usual_sender=settings.sms_sender)
        await settle_unclear(outside, reply, who(by), utc_now(), is_stop=stop)
        await _publish(settings, events)

    with_lists(work)
    if as_json:
        print_json({"reply": reply, "settled_as": "stop" if stop else "other"})
    elif stop:
        print(f"Reply {reply} is a STOP: the number gets no more texts or calls.")
    else:
        print(f"Reply {reply} is no STOP: unless something else lists its number, it may be reached again.")


async def _publish(settings: Settings, events: Sequence[Mapping[str, Any]]) -> None:
    """An opt-out holds though nobody could be told of it."""
    if not (events and settings.optout_events_topic_arn):
        return
    try:
        async with open_topics(settings.aws_region, settings.aws_endpoint_url) as topics:
            for event in events:
                await topics.publish(settings.optout_events_topic_arn, event)
    except OutdialError as error:
        print(f"outdial: the opt-out holds, and its event was not published: {error}", file=sys.stderr)


def _print(rows: Sequence[DictRow], *, everything: bool) -> None:
    columns = ("id", "received", "from", "campaign", "meaning", "because of", "wrote")
    print_table(columns, [_cells(row) for row in rows])
    if not everything:
        print(
            "\nNone of these numbers is texted or called: `outdial sms replies settle ID --stop` or `--keep`"
        )


def _cells(row: DictRow) -> list[str]:
    meaning = f"{row['meaning']}, settled as {row['settled_as']}" if row["settled_as"] else row["meaning"]
    return [
        str(row["id"]),
        moment_in_words(row["received_at"]),
        row["phone"],
        row["campaign"] or "",
        meaning,
        row["found"],
        # Anybody can write anything, also what would steer a terminal.
        "".join(character if character.isprintable() else " " for character in row["body"]),
    ]
