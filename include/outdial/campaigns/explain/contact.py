"""Why was this person called or texted, and why not? Every rule of the gate, and what was done before.

For managers and for whoever answers complaints: `outdial campaign explain --contact`, and the console.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import DictRow

from outdial.attempts.begin import DIALER_SILENT_AFTER, facts_of
from outdial.attempts.line import find_line
from outdial.campaigns.explain.attempts import tell_attempts
from outdial.campaigns.explain.gate import verdicts_on
from outdial.campaigns.explain.person import ContactExplanation, Entry, Next, Person, RecentCall, RecentText
from outdial.campaigns.explain.texts import tell_texts
from outdial.campaigns.lifecycle import FINISHED, is_past_end
from outdial.campaigns.preview import words
from outdial.domain.channels import Channel, LineType
from outdial.domain.errors import InvalidInput
from outdial.domain.number_caps import WEEK, capped_until
from outdial.domain.outlook import Outlook, Reason, Season, Standing, outlook
from outdial.domain.permission import AttemptFacts
from outdial.domain.phone_numbers import NotANumber, read_number
from outdial.domain.retries import CallingTime
from outdial.storage.blacklist import read_entries_of
from outdial.storage.calls import read_facts
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.erasure import read_erasure
from outdial.storage.explain import (
    find_a_dialer,
    find_person,
    read_attempts_of,
    read_calls_to,
    read_pace_clock,
    read_sources_of,
    read_texts_of,
    read_texts_to,
)
from outdial.storage.pool import Connection, Pool

ERASED = "erased:"


@dataclass(frozen=True)
class _Seen:
    campaign: Campaign
    row: DictRow
    facts: AttemptFacts
    now: datetime


async def explain_contact(pool: Pool, campaign_id: UUID, who: str, now: datetime) -> ContactExplanation:
    """Explain the contact of this id, or with this number. Raises InvalidInput where there is none."""
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        campaign = await read_campaign(conn, campaign_id)
        row = await _find(conn, campaign, who)
        seen = _Seen(campaign, row, await _read_facts(conn, campaign, row, now), now)
        entries = await read_entries_of(conn, row["phone"], now)
        verdicts = verdicts_on(campaign, seen.facts, Channel(row["channel"]), now)
        ahead = outlook(_standing(seen), _season(seen), now)
        return ContactExplanation(
            campaign_id=campaign.id,
            slug=campaign.slug,
            timezone=campaign.timezone,
            at=now,
            person=_person(row, await _sources(conn, campaign, row)),
            may_be_called_now=all(verdict.allows for verdict in verdicts) and ahead.at == now,
            verdicts=verdicts,
            next=_next(ahead, seen, entries),
            listings=tuple(_entry(entry, campaign) for entry in entries),
            recent_calls=await _recent_calls(conn, campaign, row, now),
            recent_texts=await _recent_texts(conn, campaign, row, now),
            attempts=tell_attempts(await read_attempts_of(conn, row["id"]), row, campaign),
            texts=tell_texts(await read_texts_of(conn, row["id"]), row),
        )


async def _find(conn: Connection, campaign: Campaign, who: str) -> DictRow:
    row = await find_person(conn, campaign.id, who.strip().lower())
    if row is not None:
        return row
    read = read_number(who, campaign.config.default_region)
    if isinstance(read, NotANumber):
        raise InvalidInput(
            f"--contact {who!r} is neither the id of a contact in campaign {campaign.slug} nor a number: "
            f"{read.reason}; write it as +12125550123"
        )
    row = await find_person(conn, campaign.id, read.e164)
    if row is None:
        raise InvalidInput(await _why_unknown(conn, campaign, read.e164))
    return row


async def _why_unknown(conn: Connection, campaign: Campaign, number: str) -> str:
    erasure = await read_erasure(conn, number)
    if erasure is not None:
        day = f"{erasure['erased_at']:%Y-%m-%d}"
        return f"the data of {number} was erased on {day}: it is never called, by any campaign"
    return (
        f"{number} is no contact of campaign {campaign.slug}: it was on none of its lists, or its row was "
        "rejected, for a reason the rejects file of the import gives"
    )


async def _read_facts(conn: Connection, campaign: Campaign, row: DictRow, now: datetime) -> AttemptFacts:
    """The gate's own facts, over the first trunk with room; a dialer's part is that of the one heard last."""
    clock = await read_pace_clock(conn)
    seen = await read_facts(
        conn,
        {
            "contact_id": row["id"],
            "pace_epoch": clock.epoch,
            "dialer_id": await find_a_dialer(conn) or uuid4(),
            "alive_since": now - DIALER_SILENT_AFTER,
            "now": now,
        },
    )
    assert seen is not None  # noqa: S101 - found in the same snapshot
    config = campaign.config
    lines = [await find_line(conn, config, trunk, seen["regions"], {}, now) for trunk in config.trunks]
    over = [facts_of(campaign, seen, line, row["not_after"], now) for line in lines]
    return next((one for one in over if one.has_room_on_trunk), over[0])


def _standing(seen: _Seen) -> Standing:
    row, facts = seen.row, seen.facts
    return Standing(
        status=row["status"],
        failure_reason=row["failure_reason"],
        place=row["place"],
        due_at=row["due_at"],
        channel=Channel(row["channel"]),
        tried=row["originates"] + row["texts"] > 0,
        has_attempts_left=facts.attempts < facts.max_attempts,
        erased=row["phone"].startswith(ERASED),
        listed_for_good=facts.listed and facts.listed_until is None,
        listed_until=facts.listed_until,
        capped_until=capped_until(facts.disturbances, facts.caps, seen.now),
        number_busy=facts.number_busy and row["place"] != "live",
    )


def _season(seen: _Seen) -> Season:
    campaign, facts = seen.campaign, seen.facts
    hours = CallingTime(facts.timetables, facts.zones, campaign.end_time)
    over = campaign.status in FINISHED or is_past_end(campaign, seen.now)
    return Season(campaign.start_time, hours, over)


def _next(ahead: Outlook, seen: _Seen, entries: Sequence[DictRow]) -> Next:
    return Next(group=ahead.group, reason=ahead.reason, text=_text(ahead.reason, seen, entries), at=ahead.at)


def _text(reason: Reason, seen: _Seen, entries: Sequence[DictRow]) -> str:
    row, facts = seen.row, seen.facts
    match reason:
        case Reason.CLOSED:
            return words.closed(CallingTime(facts.timetables, facts.zones), seen.now)
        case Reason.RETRY:
            return words.retry_after(row["last_disposition"])
        case Reason.GIVEN_UP:
            return words.given_up(row["failure_reason"] or "attempts_exhausted")
        case Reason.NEVER_OPEN:
            return words.never_open(facts.timetables)
        case Reason.LISTED:
            holding = [_entry(entry, seen.campaign) for entry in entries]
            where = next((entry.where for entry in holding if entry.holds), None)
            return where or words.listed(0 if facts.listed else None, None)
        case _:
            return words.simply(reason, Channel(row["channel"]))


def _person(row: DictRow, sources: tuple[str, ...]) -> Person:
    return Person(
        contact_id=row["id"],
        number=row["phone"],
        zones=tuple(row["zones"]),
        regions=tuple(row["regions"]),
        status=row["status"],
        failure_reason=row["failure_reason"],
        place=row["place"],
        due_at=row["due_at"],
        planned_hour=row["planned_hour"],
        channel=Channel(row["channel"]),
        line_type=LineType(row["line_type"]),
        fallback_to=row["fallback_to"] and Channel(row["fallback_to"]),
        texts=row["texts"],
        attempts=row["attempts"],
        max_attempts=row["max_attempts"],
        added_at=row["created_at"],
        sources=sources,
    )


async def _sources(conn: Connection, campaign: Campaign, row: DictRow) -> tuple[str, ...]:
    found = await read_sources_of(conn, campaign.id, row["id"], row["created_at"])
    kinds = {"file": "file", "query": "query of connection"}
    return tuple(dict.fromkeys(f"{kinds[one['kind']]} {one['source']}" for one in found))


def _entry(entry: DictRow, campaign: Campaign) -> Entry:
    required = {registry.name for registry in campaign.config.registries}
    registry, campaign_id = entry["registry"], entry["campaign_id"]
    if registry is not None:
        holds = registry in required
        where = f"on registry {registry}" + ("" if holds else ", which this campaign does not require")
    elif campaign_id is not None:
        holds = campaign_id == campaign.id
        where = "on this campaign's list" if holds else f"on the list of campaign {entry['campaign']} only"
    else:
        holds, where = True, "on the list for all campaigns"
    if entry["is_prefix"]:
        where += f", by the prefix {entry['number']}"
    known = {
        name: entry[name] for name in ("is_prefix", "reason", "source", "listed_by", "listed_at", "until")
    }
    return Entry(where=where, holds=holds, **known)


async def _recent_calls(
    conn: Connection, campaign: Campaign, row: DictRow, now: datetime
) -> tuple[RecentCall, ...]:
    found: list[dict[str, Any]] = await read_calls_to(conn, row["phone"], now - WEEK)
    return tuple(
        RecentCall(
            campaign=call["slug"],
            is_this_campaign=call["campaign_id"] == campaign.id,
            begun_at=call["begun_at"],
            disposition=call["disposition"],
            counts=call["counts"],
        )
        for call in found
    )


async def _recent_texts(
    conn: Connection, campaign: Campaign, row: DictRow, now: datetime
) -> tuple[RecentText, ...]:
    found: list[dict[str, Any]] = await read_texts_to(conn, row["phone"], now - WEEK)
    return tuple(
        RecentText(
            campaign=text["slug"],
            is_this_campaign=text["campaign_id"] == campaign.id,
            begun_at=text["begun_at"],
            origin=text["origin"],
            state=text["state"],
            failure=text["failure"],
            counts=text["counts"],
        )
        for text in found
    )
