"""What must always hold, asked of the database when a campaign test ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.calling_windows import is_open
from outdial.domain.campaign import CampaignConfig
from outdial.domain.dispositions import UNCOUNTED_CAP
from outdial.domain.number_caps import capped_until

# A listing carries the instant it was asked for and commits a little later; a call begun in between is
# begun before the commit.
_VIOLATIONS = {
    "no listed number is called from the commit that lists it": """
        select r.call_id, r.begun_at, b.listed_at from call_records r
        join blacklist b on (b.number = r.phone or (b.is_prefix and starts_with(r.phone, b.number)))
         and (b.campaign_id is null or b.campaign_id = r.campaign_id)
         and (b.until is null or b.until > r.begun_at)
        join campaigns p on p.id = r.campaign_id
         and (b.registry is null or p.config -> 'registries' @> jsonb_build_array(
                  jsonb_build_object('name', b.registry)))
        where r.begun_at > b.listed_at + interval '250 ms'""",
    "no number is on two calls at once": """
        select a.call_id, b.call_id from call_records a join call_records b
          on a.phone = b.phone and a.call_id < b.call_id
         and a.begun_at < coalesce(b.ended_at, 'infinity')
         and b.begun_at < coalesce(a.ended_at, 'infinity')""",
    "attempts never exceed the maximum": "select id from contacts where attempts > max_attempts",
    "attempts are the counted calls": """
        select c.id, c.attempts, count(r.*) filter (where r.counted) as counted
        from contacts c left join call_records r on r.contact_id = c.id
        group by c.id having c.attempts <> count(r.*) filter (where r.counted)""",
    "originates are the rows, numbered without a gap": """
        select c.id, c.originates, count(r.*), max(r.attempt_no)
        from contacts c left join call_records r on r.contact_id = c.id
        group by c.id having c.originates <> count(r.*) or c.originates <> coalesce(max(r.attempt_no), 0)""",
    "every unfinished contact stands in exactly one place, every finished one in none": """
        select c.id, c.status, places.n from contacts c cross join lateral (
            select (select count(*) from ready_contacts r where r.contact_id = c.id)
                 + (select count(*) from dispatched_contacts d where d.contact_id = c.id)
                 + (select count(*) from live_calls l where l.contact_id = c.id)
                 + (select count(*) from waiting_contacts w where w.contact_id = c.id) as n) places
        where places.n <> case when c.status = 'pending' then 1
                               when c.status in ('completed', 'blacklisted') then 0
                               when c.failure_reason is not null then 0 else 1 end""",
    "a call is live exactly while it has no disposition": """
        select r.call_id from call_records r full join live_calls l using (call_id)
        where (r.disposition is null) <> (l.call_id is not null)""",
    "no call ends before it begins": "select call_id from call_records where ended_at < begun_at",
    "no call begins after the campaign's end": """
        select r.call_id from call_records r join campaigns p on p.id = r.campaign_id
        where r.begun_at >= p.end_time""",
    "progress counts every contact once": """
        select campaign_id, count(*), count(distinct contact_id) from contact_states
        group by campaign_id having count(*) <> count(distinct contact_id)""",
}

_CALLS = """
    select r.call_id, r.contact_id, r.attempt_no, r.begun_at, r.ended_at, r.disposition, r.counted,
           r.campaign_id, a.zones, a.regions, p.config, r.phone, r.ringing_at
    from call_records r join contacts c on c.id = r.contact_id
    join areas a on a.id = c.area_id join campaigns p on p.id = r.campaign_id
    order by r.begun_at
"""


@dataclass(frozen=True)
class Originate:
    """One originate as the telephony side saw it."""

    call_id: str
    phone: str
    at: datetime


async def assert_invariants(
    dsn: str, originates: Iterable[Originate] | None = None, max_cps: float | None = None
) -> None:
    """Fail with every rule of the design that a campaign in this database broke, and by which rows.

    `originates` is the telephony side's own record; with it, "one attempt means at most one originate" and
    the pace are judged there and not by our rows.
    """
    broken: list[str] = []
    async with await psycopg.AsyncConnection.connect(dsn, row_factory=dict_row, connect_timeout=10) as conn:
        for rule, query in _VIOLATIONS.items():
            rows = await (await conn.execute(query)).fetchall()
            broken += [f"{rule}: {row}" for row in rows[:3]]
        calls = await (await conn.execute(_CALLS)).fetchall()
    broken += (
        _outside_windows(calls)
        + _too_early(calls)
        + _too_many_uncounted(calls)
        + _too_many_at_once(calls)
        + _too_often(calls)
    )
    if originates is not None:
        broken += _against_telephony(calls, list(originates), max_cps)
    assert not broken, "\n".join(broken)


def _outside_windows(calls: Sequence[dict[str, Any]]) -> list[str]:
    broken: list[str] = []
    for call in calls:
        timetables = timetables_for(CampaignConfig.model_validate(call["config"]), call["regions"])
        if not is_open(timetables, [ZoneInfo(zone) for zone in call["zones"]], call["begun_at"]):
            broken.append(f"no call outside the contact's own window: {call['call_id']} {call['begun_at']}")
    return broken


def _too_early(calls: Sequence[dict[str, Any]]) -> list[str]:
    """A retry begins no earlier than the campaign's own delay after the call before it."""
    last: dict[Any, dict[str, Any]] = {}
    broken: list[str] = []
    for call in calls:
        before = last.get(call["contact_id"])
        last[call["contact_id"]] = call
        if before is None:
            continue
        rule = call["config"].get("retry", {}).get(before["disposition"] or "", {})
        delay = timedelta(seconds=rule.get("delaySeconds", 0))
        if before["ended_at"] is None or call["begun_at"] < before["ended_at"] + delay:
            broken.append(f"no attempt before its due time: {call['call_id']} {call['begun_at']}")
    return broken


def _too_many_uncounted(calls: Sequence[dict[str, Any]]) -> list[str]:
    uncounted = Counter(call["contact_id"] for call in calls if call["counted"] is False)
    return [f"uncounted tries have a cap: {contact}" for contact, n in uncounted.items() if n > UNCOUNTED_CAP]


def _too_often(calls: Sequence[dict[str, Any]]) -> list[str]:
    """No call begins while its number was called, by any campaign, as often as the call's campaign allows."""
    by_number: dict[str, list[datetime]] = {}
    broken: list[str] = []
    for call in calls:
        before = by_number.setdefault(call["phone"], [])
        caps = caps_for(CampaignConfig.model_validate(call["config"]), call["regions"])
        if capped_until(before, caps, call["begun_at"]) is not None:
            broken.append(f"a number is called no more often than its caps: {call['call_id']} {before}")
        if call["counted"] is not False or call["ringing_at"]:
            before.append(call["begun_at"])
    return broken


def _too_many_at_once(calls: Sequence[dict[str, Any]]) -> list[str]:
    broken: list[str] = []
    for campaign_id in {call["campaign_id"] for call in calls}:
        own = [call for call in calls if call["campaign_id"] == campaign_id]
        limit = own[0]["config"].get("maxConcurrentCalls", 100)
        edges = [(call["begun_at"], 1) for call in own]
        edges += [(call["ended_at"], -1) for call in own if call["ended_at"]]
        live = peak = 0
        for _, step in sorted(edges):
            live += step
            peak = max(peak, live)
        if peak > limit:
            broken.append(f"never more than maxConcurrentCalls: {peak} > {limit} in {campaign_id}")
    return broken


def _against_telephony(
    calls: Sequence[dict[str, Any]], originates: Sequence[Originate], max_cps: float | None
) -> list[str]:
    seen = Counter(originate.call_id for originate in originates)
    recorded = {call["call_id"] for call in calls}
    broken = [f"one attempt, one originate: {call_id} x{n}" for call_id, n in seen.items() if n > 1]
    broken += [f"every originate has its record: {call_id}" for call_id in seen.keys() - recorded]
    if max_cps is not None:
        times = sorted(originate.at for originate in originates)
        for first, later in zip(times, times[int(max_cps) :], strict=False):
            if later - first < timedelta(seconds=1):
                broken.append(f"originates stay within {max_cps} a second: {first} … {later}")
    return broken
