"""`outdial campaign preview`: how many can be reached now, later and never, why, and how long it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from outdial.campaigns.preview.campaign import Elsewhere, Preview, preview_campaign
from outdial.campaigns.preview.forecast import Duration
from outdial.campaigns.preview.outlooks import Outlooks
from outdial.cli.database import with_database
from outdial.cli.moments import parse_moment
from outdial.cli.output import AsJson, print_json
from outdial.cli.paragraphs import moment, paragraph
from outdial.cli.text_preview import text_lines
from outdial.domain.channels import Channel
from outdial.domain.clock import utc_now
from outdial.domain.outlook import Group, Reason
from outdial.reports.wording import count, counted, duration as in_words
from outdial.settings import Settings
from outdial.storage.campaigns import find_campaign
from outdial.storage.pool import Pool

TIMES_SHOWN = 12
TITLES: dict[Group, str] = {"now": "Now", "later": "Later", "never": "Never"}


def preview(
    name: Annotated[str, typer.Argument(metavar="ID", help="The campaign's id or slug.")],
    at: Annotated[
        str | None,
        typer.Option(help="As seen from then: ISO 8601; without an offset, in the campaign's zone."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Of all contacts, say how many can be reached now, later and never, why, and how long it takes."""

    async def work(pool: Pool, settings: Settings) -> Preview:
        async with pool.connection() as conn:
            campaign = await find_campaign(conn, name)
        moment = utc_now() if at is None else parse_moment("--at", at, campaign.zone)
        links = settings.links_base_url if settings.links_secret.get_secret_value() else None
        elsewhere = Elsewhere(settings.max_cps, links or None)
        return await preview_campaign(pool, campaign.id, elsewhere, moment)

    answer = with_database(work)
    if as_json:
        print_json(answer.model_dump(mode="json", by_alias=True))
    else:
        print("\n".join(_lines(answer)))


def _lines(preview: Preview) -> Iterator[str]:
    zone = ZoneInfo(preview.timezone)
    yield f"{preview.name}, {preview.at.astimezone(zone):%A %-d %B %Y, %H:%M} in {preview.timezone}"
    yield ""
    digits = max(len(count(preview.total)), len("contacts"))
    totals: dict[Group, int] = {"now": preview.now, "later": preview.later, "never": preview.never}
    for group, total in totals.items():
        yield f"{TITLES[group]:<7}{count(total):>{digits}}"
        yield from _outlooks(preview, group, digits, zone)
    yield _sum(preview)
    yield ""
    if Channel.VOICE in preview.channels and (preview.duration.contacts or not preview.texts):
        yield from _duration(preview.duration, preview, zone)
    if preview.texts:
        yield from text_lines(preview.texts, preview.at, zone)
    if preview.warnings:
        yield ""
        yield "Warnings"
    for warning in preview.warnings:
        yield paragraph(warning.text, "  ! ")
        yield paragraph(warning.action, "    → ")


def _outlooks(preview: Preview, group: Group, digits: int, zone: ZoneInfo) -> Iterator[str]:
    by_text: dict[str, list[Outlooks]] = {}
    for one in preview.outlooks:
        if one.group == group:
            by_text.setdefault(one.text, []).append(one)
    for text, some in by_text.items():
        contacts = count(sum(one.contacts for one in some))
        yield paragraph(text + _times(some, preview.at, zone), f"       {contacts:>{digits}}  ")


def _times(some: Sequence[Outlooks], now: datetime, zone: ZoneInfo) -> str:
    """When they can be called: from one time on, within a span, or so many from each of several times on."""
    first_at = [one.first_at for one in some if one.first_at is not None]
    last_at = [one.last_at for one in some if one.last_at is not None]
    if not first_at:
        return ""
    first, last = moment(min(first_at), zone, now), moment(max(last_at), zone, now)
    if len(some) == 1:
        is_span = some[0].reason is not Reason.CLOSED and first != last
        return f", the first until {first}, the last until {last}" if is_span else f", until {first}"
    shown = ", ".join(
        f"{moment(one.first_at, zone, now)} ({count(one.contacts)})"
        for one in some[:TIMES_SHOWN]
        if one.first_at is not None
    )
    rest = count(sum(one.contacts for one in some[TIMES_SHOWN:]))
    return f", until {shown}" + (f" and later ({rest})" if some[TIMES_SHOWN:] else "")


def _sum(preview: Preview) -> str:
    parts = f"{count(preview.now)} now + {count(preview.later)} later + {count(preview.never)} never"
    if preview.adds_up:
        return f"{parts} = {counted(preview.total, 'contact')}: everybody, each once."
    return f"{parts} do not add up to {counted(preview.total, 'contact')}: please report this as a fault."


def _duration(duration: Duration, preview: Preview, zone: ZoneInfo) -> Iterator[str]:
    if not duration.contacts:
        yield "Nobody is left to be called."
        return
    people = counted(duration.contacts, "contact")
    if duration.ends_at is not None:
        took = in_words((duration.ends_at - preview.at).total_seconds())
        text = (
            f"Everybody who can be called ({people}) is called once by "
            f"{moment(duration.ends_at, zone, preview.at)}, in {took}, at {_pace(duration.calls_per_second)}."
        )
    else:
        text = (
            f"Of {people} who can be called, {counted(duration.left, 'is', 'are')} not yet called once by "
            f"{moment(duration.before, zone, preview.at)}, at {_pace(duration.calls_per_second)}."
        )
    yield paragraph(text)
    held = f"{in_words(duration.seconds_a_call)} ({duration.seconds_a_call_known_from})"
    yield paragraph(
        f"{duration.limited_by} limits the pace; a call holds its place for {held}. Retries, and the "
        "calls of other campaigns, come on top."
    )


def _pace(calls_per_second: float) -> str:
    if calls_per_second < 1:
        return f"one call every {in_words(1 / calls_per_second)}"
    return f"{calls_per_second:.3g} calls a second"
