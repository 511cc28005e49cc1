"""What must always hold, asked of the database when a campaign test ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.calling_windows import is_open
from outdial.domain.campaign import CampaignConfig
from outdial.domain.dispositions import UNCOUNTED_CAP, Disposition
from outdial.domain.number_caps import capped_until
from outdial.domain.retries import RetryRule
from tests.line_invariants import broken_lines

COMMITTED_WITHIN = timedelta(milliseconds=250)

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
                 + (select count(*) from live_texts t where t.contact_id = c.id)
                 + (select count(*) from waiting_contacts w where w.contact_id = c.id) as n) places
        where places.n <> case when c.status = 'pending' then 1
                               when c.status in ('completed', 'blacklisted') then 0
                               when c.failure_reason is not null then 0 else 1 end""",
    "a call is live exactly while it has no disposition": """
        select r.call_id from call_records r full join live_calls l using (call_id)
        where (r.disposition is null) <> (l.call_id is not null)""",
    "no erased number is called": """
        select r.call_id from call_records r join erased_numbers e on e.digest = number_digest(r.phone)
        where r.begun_at > e.erased_at + interval '250 ms'""",
    "every listing is written in the history": """
        select b.number from blacklist b where not exists (
            select from blacklist_history h
            where h.number = b.number and h.is_prefix = b.is_prefix and h.action in ('listed', 'renewed')
              and h.campaign_id is not distinct from b.campaign_id
              and h.registry is not distinct from b.registry)""",
    "whoever stands ready stands there as who they are": """
        select r.contact_id from ready_contacts r join contacts c on c.id = r.contact_id
        where r.phone <> c.phone or r.area_id <> c.area_id or r.seq <> c.seq""",
    "no call ends before it begins": "select call_id from call_records where ended_at < begun_at",
    "no call begins after the campaign's end": """
        select r.call_id from call_records r join campaigns p on p.id = r.campaign_id
        where r.begun_at >= p.end_time""",
    "a call in progress is on the trunk its record names": """
        select l.call_id from live_calls l join call_records r using (call_id) where l.trunk <> r.trunk""",
    "every use of a limited caller id is counted": """
        select i.number, i.uses, count(u.*) from caller_ids i join caller_id_uses u using (number)
        group by i.number, i.uses having max(u.n) <> i.uses or count(u.*) <> i.uses - min(u.n) + 1""",
    "no listed number is texted from the commit that lists it": """
        select s.id, s.begun_at, b.listed_at from sms_records s
        join blacklist b on (b.number = s.phone or (b.is_prefix and starts_with(s.phone, b.number)))
         and (b.campaign_id is null or b.campaign_id = s.campaign_id)
         and (b.until is null or b.until > s.begun_at)
        join campaigns p on p.id = s.campaign_id
         and (b.registry is null or p.config -> 'registries' @> jsonb_build_array(
                  jsonb_build_object('name', b.registry)))
        where s.origin = 'campaign' and s.begun_at > b.listed_at + interval '250 ms'""",
    "a contact's texts are the rows": """
        select c.id, c.texts, count(s.*) from contacts c
        left join sms_records s on s.contact_id = c.id and s.origin = 'campaign'
        group by c.id having c.texts <> count(s.*)""",
    "a text is under way only until its end is known": """
        select t.contact_id, s.state from live_texts t join sms_records s on s.id = t.record_id
        where s.state not in ('submitting', 'sent')""",
    "no contact is texted again but for what no carrier took": """
        select contact_id, count(*) from sms_records
        where origin = 'campaign' and state not in ('not_taken', 'refused')
        group by contact_id having count(*) > 1""",
    "a contact has a text and a call under way at no time": """
        select t.contact_id from live_texts t join live_calls l using (contact_id)""",
    "a STOP is confirmed once": """
        select phone, count(*) from sms_records
        where starts_with(request_id, 'stop:') group by phone, request_id having count(*) > 1""",
    "progress counts every contact once": """
        select campaign_id, count(*), count(distinct contact_id) from contact_states
        group by campaign_id having count(*) <> count(distinct contact_id)""",
}

# As one statement, so that a test may ask after every step.
_ALL_VIOLATIONS = " union all ".join(
    f"(select $${rule}$$ as rule, to_jsonb(broken)::text as row from ({query}) broken limit 3)"
    for rule, query in _VIOLATIONS.items()
)

_CALLS = """
    select r.call_id, r.contact_id, r.attempt_no, r.begun_at, r.ended_at, r.disposition, r.counted,
           r.campaign_id, a.zones, a.regions, p.config, r.phone, r.ringing_at, r.trunk, r.caller_id
    from call_records r join contacts c on c.id = r.contact_id
    join areas a on a.id = c.area_id join campaigns p on p.id = r.campaign_id
    order by r.begun_at, r.attempt_no
"""


_TEXTS = """
    select s.id as text_id, s.contact_id, s.begun_at, s.campaign_id, s.phone, a.zones, a.regions, p.config
    from sms_records s join contacts c on c.id = s.contact_id
    join areas a on a.id = c.area_id join campaigns p on p.id = s.campaign_id
    where s.origin = 'campaign' order by s.begun_at
"""


Configs = Mapping[UUID, Sequence[tuple[datetime, Mapping[str, Any]]]]
"""Of campaigns whose config was changed while they ran: every one they had, with since when, oldest first."""

LATE_AT_MOST_S = 0.6
"""Of an originate, behind its slot, where everything runs on two busy cores."""


@dataclass(frozen=True)
class Originate:
    """One originate as the telephony side saw it."""

    call_id: str
    phone: str
    at: datetime


async def assert_invariants(
    dsn: str,
    originates: Iterable[Originate] | None = None,
    max_cps: float | None = None,
    configs: Configs | None = None,
) -> None:
    """Fail with every rule of the design that a campaign in this database broke, and by which rows.

    `originates` is the telephony side's own record; with it, "one attempt means at most one originate" and
    the pace are judged there and not by our rows. Calls are judged by the config of their time.
    """
    async with await psycopg.AsyncConnection.connect(dsn, row_factory=dict_row, connect_timeout=10) as conn:
        broken = await broken_rows(conn)
        calls = await (await conn.execute(_CALLS)).fetchall()
        texts = await (await conn.execute(_TEXTS)).fetchall()
        history = await (await conn.execute("select * from blacklist_history order by at, id")).fetchall()
    for call in calls:
        call["configs"] = _configs_until(call, configs or {})
        call["now"] = CampaignConfig.model_validate(call["configs"][-1][1])
    broken += (
        _outside_windows(calls)
        + _too_early(calls)
        + _too_many_uncounted(calls)
        + _too_many_alike(calls)
        + _too_many_at_once(calls)
        + _too_often(calls)
        + _called_while_listed(calls, history)
        + broken_lines(calls)
        + _texted_outside_windows(texts)
    )
    if originates is not None:
        broken += _against_telephony(calls, list(originates), max_cps)
    assert not broken, "\n".join(broken)


async def broken_rows(conn: psycopg.AsyncConnection[dict[str, Any]]) -> list[str]:
    """The rules that rows alone can show to be broken, and by which of them."""
    rows = await (await conn.execute(_ALL_VIOLATIONS)).fetchall()
    return [f"{row['rule']}: {row['row']}" for row in rows]


def _configs_until(call: dict[str, Any], configs: Configs) -> list[tuple[datetime | None, dict[str, Any]]]:
    """The configs the call's campaign had until it began, the one it began under last."""
    known = configs.get(call["campaign_id"], [(None, call["config"])])
    return [(since, config) for since, config in known if since is None or since <= call["begun_at"]]


def _rules_after(call: dict[str, Any], before: dict[str, Any]) -> list[RetryRule | None]:
    """What the campaign wanted after the call before, at any time since; it may have been settled late."""
    configs = call["configs"]
    ends = [since for since, _ in configs[1:]] + [None]
    return [
        CampaignConfig.model_validate(config).retry_rules.get(Disposition(before["disposition"]))
        for (_, config), end in zip(configs, ends, strict=True)
        if end is None or end >= before["ended_at"]
    ]


def _outside_windows(calls: Sequence[dict[str, Any]]) -> list[str]:
    broken: list[str] = []
    for call in calls:
        timetables = timetables_for(call["now"], call["regions"])
        if not is_open(timetables, [ZoneInfo(zone) for zone in call["zones"]], call["begun_at"]):
            broken.append(f"no call outside the contact's own window: {call['call_id']} {call['begun_at']}")
    return broken


def _texted_outside_windows(texts: Sequence[dict[str, Any]]) -> list[str]:
    broken: list[str] = []
    for text in texts:
        timetables = timetables_for(CampaignConfig.model_validate(text["config"]), text["regions"])
        if not is_open(timetables, [ZoneInfo(zone) for zone in text["zones"]], text["begun_at"]):
            broken.append(f"no text outside the contact's own window: {text['text_id']} {text['begun_at']}")
    return broken


def _in_pairs(calls: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every call but the first to a contact, each with the one before it."""
    last: dict[Any, dict[str, Any]] = {}
    for call in calls:
        before = last.get(call["contact_id"])
        last[call["contact_id"]] = call
        if before is not None:
            yield before, call


def _too_early(calls: Sequence[dict[str, Any]]) -> list[str]:
    """A retry begins no earlier than the campaign's delay after the call before it, usual or its own."""
    broken: list[str] = []
    for before, call in _in_pairs(calls):
        waited = None if before["ended_at"] is None else call["begun_at"] - before["ended_at"]
        rules = [] if waited is None else _rules_after(call, before)
        if not any(rule and waited >= timedelta(seconds=rule.delay_seconds) for rule in rules):
            broken.append(f"no attempt before its due time: {call['call_id']} {call['begun_at']}")
    return broken


def _too_many_alike(calls: Sequence[dict[str, Any]]) -> list[str]:
    """No attempt follows as many that ended alike as the campaign allows of that ending."""
    ended: Counter[tuple[Any, str]] = Counter()
    broken: list[str] = []
    for before, call in _in_pairs(calls):
        if before["ended_at"] is None:
            continue
        key = call["contact_id"], before["disposition"]
        ended[key] += 1
        rules = _rules_after(call, before)
        if not any(rule and (rule.max_attempts is None or ended[key] < rule.max_attempts) for rule in rules):
            broken.append(f"no more attempts that end alike than allowed: {call['call_id']}")
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
        caps = caps_for(call["now"], call["regions"])
        if capped_until(before, caps, call["begun_at"]) is not None:
            broken.append(f"a number is called no more often than its caps: {call['call_id']} {before}")
        if call["counted"] is not False or call["ringing_at"]:
            before.append(call["begun_at"])
    return broken


def _too_many_at_once(calls: Sequence[dict[str, Any]]) -> list[str]:
    """No call begins while its campaign has as many in progress as it may."""
    broken: list[str] = []
    ends: dict[UUID, list[datetime]] = {}
    for call in calls:
        live = ends.setdefault(call["campaign_id"], [])
        while live and live[0] <= call["begun_at"]:
            heappop(live)
        if len(live) >= (limit := call["now"].max_concurrent_calls):
            broken.append(f"never more than maxConcurrentCalls: {len(live) + 1} > {limit} {call['call_id']}")
        heappush(live, call["ended_at"] or datetime.max.replace(tzinfo=UTC))
    return broken


@dataclass
class _Listed:
    """One stretch of time in which an entry of the lists held."""

    since: datetime
    until: datetime | None


def _called_while_listed(calls: Sequence[dict[str, Any]], history: Sequence[dict[str, Any]]) -> list[str]:
    """No call begins while a list says no, be the entry on it today or long gone."""
    broken: list[str] = []
    for (number, is_prefix, campaign_id, registry), stretches in _stretches(history).items():
        for call in calls:
            config = call["now"]
            if (
                (call["phone"].startswith(number) if is_prefix else call["phone"] == number)
                and campaign_id in {None, call["campaign_id"]}
                and (registry is None or registry in {one.name for one in config.registries})
                and any(
                    call["begun_at"] > stretch.since + COMMITTED_WITHIN
                    and (stretch.until is None or call["begun_at"] < stretch.until)
                    for stretch in stretches
                )
            ):
                broken.append(f"no call while a list said no: {call['call_id']} {call['begun_at']} {number}")
    return broken


def _stretches(history: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], list[_Listed]]:
    """When each entry of the lists held, by what was written down about it; erased numbers are not."""
    entries: dict[tuple[Any, ...], list[_Listed]] = {}
    for row in history:
        key = row["number"], row["is_prefix"], row["campaign_id"], row["registry"]
        stretches = entries.setdefault(key, [])
        holds = bool(stretches) and (stretches[-1].until is None or stretches[-1].until > row["at"])
        if row["action"] == "unlisted":
            if holds:
                stretches[-1].until = row["at"]
        elif holds:
            stretches[-1].until = row["until"]
        elif row["action"] != "erased":
            stretches.append(_Listed(row["at"], row["until"]))
    return {key: stretches for key, stretches in entries.items() if key[0] is not None}


def _against_telephony(
    calls: Sequence[dict[str, Any]], originates: Sequence[Originate], max_cps: float | None
) -> list[str]:
    seen = Counter(originate.call_id for originate in originates)
    recorded = {call["call_id"] for call in calls}
    broken = [f"one attempt, one originate: {call_id} x{n}" for call_id, n in seen.items() if n > 1]
    broken += [f"every originate has its record: {call_id}" for call_id in seen.keys() - recorded]
    if max_cps is not None:
        broken += _too_fast(sorted(originate.at for originate in originates), max_cps)
    return broken


def _too_fast(times: Sequence[datetime], max_cps: float) -> list[str]:
    """What came sooner than its pace allows, but for what only waited on a busy machine.

    Exactly kept, the pace puts the nth originate after any other at least n / max_cps seconds behind it.
    Between slot and arrival lie a commit, a process's turn and a socket: one may come late, and the next
    ones then seem to follow too fast, for as long as the first was late. Twice the pace is found within a
    second all the same. The slots themselves are judged to the microsecond in tests/pacing.
    """
    late_by_s = [(at - times[0]).total_seconds() - n / max_cps for n, at in enumerate(times)]
    latest, broken = float("-inf"), list[str]()
    for n, behind_s in enumerate(late_by_s):
        latest = max(latest, behind_s)
        if latest - behind_s > LATE_AT_MOST_S:
            broken.append(f"originates keep to {max_cps} a second: number {n}, at {times[n]}, is too early")
    return broken
