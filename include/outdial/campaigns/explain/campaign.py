"""Why is nothing being dialled or sent? Walks the chain that calls and texts depend on, to its first break.

For managers: `outdial campaign explain`, and the console.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.blacklist.registries import registry_problems
from outdial.campaigns.explain.flow import (
    LATEST_CALLS,
    claiming,
    contacts,
    dialers,
    endings,
    outbox,
    room,
)
from outdial.campaigns.explain.lines import caller_ids, read_lines, trunks
from outdial.campaigns.explain.look import Finding, Look, Texting
from outdial.campaigns.explain.lowered import lowered
from outdial.campaigns.explain.permission import dates, lease, registries, status, trial
from outdial.campaigns.explain.text_flow import LATEST_TEXTS, gateways, receipts, text_endings, text_queue
from outdial.campaigns.preview.campaign import judge_contacts
from outdial.campaigns.preview.outlooks import put_together
from outdial.campaigns.preview.warnings import DIALER_SILENT_AFTER, REDIS_SILENT_AFTER
from outdial.domain.channels import Channel
from outdial.reports.wording import count, counted
from outdial.storage.campaign_changes import newest_changes
from outdial.storage.campaigns import Campaign, read_campaign, read_run
from outdial.storage.claims import read_standing
from outdial.storage.explain import (
    read_latest_endings,
    read_latest_text_endings,
    read_outbox,
    read_pace_clock,
    read_text_traffic,
    read_texts_under_way,
    read_traffic,
)
from outdial.storage.pace_factors import read_pace_factors
from outdial.storage.pool import Connection, Pool
from outdial.storage.preview import see_dialers
from outdial.storage.preview_texts import see_carrier

Link = Callable[[Look], Iterator[Finding]]

OF_ALL: Sequence[Link] = (status, dates, lease, registries, trial, contacts)
OF_CALLS: Sequence[Link] = (room, trunks, caller_ids, dialers, lowered, outbox, endings)
OF_TEXTS: Sequence[Link] = (gateways, text_queue, receipts, text_endings)
"""Each in the order in which a call or a text depends on them."""


@dataclass(frozen=True)
class PaceSettings:
    """The pace of all dialers together, and how many seconds of it may be dispatched and not yet begun."""

    max_cps: float
    horizon_s: float


class TextFigures(BaseModel):
    """Texts begun lately, and those that the carrier has or waits to be asked for."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    queued: int
    submitting: int
    awaiting_receipts: int
    in_last_minute: int
    in_last_five_minutes: int
    last_at: datetime | None


class Explanation(BaseModel):
    """The answer in a sentence, and every link of the chain in the order in which calls depend on them.

    `dialling` is whether calls or texts are being made; `stopped_by` is what the first link that stops
    them is about.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    campaign_id: UUID
    slug: str
    name: str
    timezone: str
    at: datetime
    dialling: bool
    stopped_by: str | None
    answer: str
    findings: tuple[Finding, ...]
    live_calls: int
    calls_in_last_minute: int
    calls_in_last_five_minutes: int
    last_call_at: datetime | None
    texts: TextFigures | None = None
    """None for a campaign that sends none."""


async def explain_campaign(pool: Pool, campaign_id: UUID, pace: PaceSettings, now: datetime) -> Explanation:
    """Look at everything that may stop calls. Raises InvalidInput where there is no such campaign."""
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        look = await _look(conn, await read_campaign(conn, campaign_id), pace, now)
    findings = tuple(finding for link in _chain(look) for finding in link(look))
    stops = next((finding for finding in findings if finding.state == "stops"), None)
    if stops is None:
        findings += tuple(claiming(look))
    campaign, traffic = look.campaign, look.traffic
    standing, texts = look.standing, look.texting
    dialling = stops is None and bool(
        traffic.last_minute
        or standing.live_calls
        or standing.live_texts
        or standing.dispatched
        or (texts and texts.traffic.last_minute)
    )
    return Explanation(
        campaign_id=campaign.id,
        slug=campaign.slug,
        name=campaign.name,
        timezone=campaign.timezone,
        at=now,
        dialling=dialling,
        stopped_by=stops.about if stops else None,
        answer=_answer(look, stops, findings, dialling=dialling),
        findings=findings,
        live_calls=look.standing.live_calls,
        calls_in_last_minute=traffic.last_minute,
        calls_in_last_five_minutes=traffic.last_5_minutes,
        last_call_at=traffic.last_begun_at,
        texts=None if texts is None else _text_figures(texts),
    )


async def _look(conn: Connection, campaign: Campaign, pace: PaceSettings, now: datetime) -> Look:
    _, judged = await judge_contacts(conn, campaign, now)
    changes = await newest_changes(conn, campaign.id, 1)
    return Look(
        campaign=campaign,
        run=None if campaign.run_id is None else await read_run(conn, campaign.id, campaign.run_id),
        last_change=changes[0] if changes else None,
        registry_problems=await registry_problems(conn, campaign.config.registries, now),
        outlooks=put_together(judged),
        standing=await read_standing(conn, campaign.id),
        lines=await read_lines(conn, campaign.config, now),
        outbox=await read_outbox(conn, campaign.id, Channel.VOICE),
        texting=await _texting(conn, campaign, now),
        dialers=await see_dialers(conn, DIALER_SILENT_AFTER, REDIS_SILENT_AFTER),
        pace=await read_pace_clock(conn),
        lowered=await read_pace_factors(conn),
        traffic=await read_traffic(conn, campaign.id, now),
        endings=await read_latest_endings(conn, campaign.id, LATEST_CALLS),
        max_cps=pace.max_cps,
        horizon_s=pace.horizon_s,
        now=now,
    )


def _chain(look: Look) -> Iterator[Link]:
    yield from OF_ALL
    if look.calls:
        yield from OF_CALLS
    yield from OF_TEXTS


async def _texting(conn: Connection, campaign: Campaign, now: datetime) -> Texting | None:
    if Channel.SMS not in campaign.reach.channels:
        return None
    return Texting(
        outbox=await read_outbox(conn, campaign.id, Channel.SMS),
        under_way=await read_texts_under_way(conn, campaign.id),
        traffic=await read_text_traffic(conn, campaign.id, now),
        endings=await read_latest_text_endings(conn, campaign.id, LATEST_TEXTS),
        carrier=await see_carrier(conn, campaign.config.sms.carrier),
    )


def _text_figures(texts: Texting) -> TextFigures:
    return TextFigures(
        queued=texts.outbox.sent + texts.outbox.unsent,
        submitting=texts.under_way.submitting,
        awaiting_receipts=texts.under_way.awaiting_receipts,
        in_last_minute=texts.traffic.last_minute,
        in_last_five_minutes=texts.traffic.last_5_minutes,
        last_at=texts.traffic.last_begun_at,
    )


_NOTHING = {
    "calls": "No call begins",
    "texts": "No text is sent",
    "calls and texts": "Nobody is called or texted",
}


def _answer(look: Look, stops: Finding | None, findings: tuple[Finding, ...], *, dialling: bool) -> str:
    live = look.standing.live_calls
    if stops is not None:
        going_on = (
            f" {counted(live, 'in progress ends as it', 'in progress end as they')} would." if live else ""
        )
        return f"{_NOTHING[look.what]}. {stops.text}{going_on}"
    if dialling:
        slow = next((f" {one.text}" for one in findings if one.about == "pace" and one.state == "waits"), "")
        return f"{_going_on(look)}{slow}"
    waits = next((finding for finding in findings if finding.state == "waits"), None)
    nothing = _NOTHING[look.what]
    return f"{nothing}. {waits.text}" if waits else f"{nothing} just now."


def _going_on(look: Look) -> str:
    live, last_minute, texts = look.standing.live_calls, look.traffic.last_minute, look.texting
    said: list[str] = []
    if look.calls and (texts is None or live or last_minute):
        rate = f"{counted(last_minute, 'call')} in the last minute ({last_minute / 60:.2g} a second)"
        said.append(f"It is being dialled: {rate}, {count(live)} in progress now.")
    if texts is not None:
        sent = texts.traffic.last_minute
        rate = f"{counted(sent, 'text')} in the last minute ({sent / 60:.2g} a second)"
        said.append(f"It is being texted: {rate}, {count(look.standing.live_texts)} under way now.")
    return " ".join(said)
