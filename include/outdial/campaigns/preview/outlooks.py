"""Tallies of contacts put together into what a manager reads: how many, why, and from when on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.campaigns.preview import words
from outdial.campaigns.preview.areas import AreaHours, Hours
from outdial.domain.calling_windows import is_open
from outdial.domain.outlook import Group, Reason, can_be_reached, group_of
from outdial.storage.preview import Tally

GROUPS: tuple[Group, ...] = ("now", "later", "never")
NO_WINDOW = "no_window"
"""SQL's word; whether the area never opens, or only not before the end, it does not know."""


class Outlooks(BaseModel):
    """Contacts with the same outlook, and when the first and the last of them can be reached."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    group: Group
    reason: Reason
    text: str
    contacts: int
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True)
class Judged:
    """One tally, and what its contacts' outlook is."""

    tally: Tally
    hours: Hours
    reason: Reason
    text: str
    first_at: datetime | None
    last_at: datetime | None


def judge(tally: Tally, area: AreaHours) -> Judged:
    """What decides about these contacts, and when they can be called."""
    hours = area.hours
    if tally.finished is not None or tally.first_since is None or tally.last_since is None:
        reason = _finished(tally.finished or NO_WINDOW, hours)
        return Judged(tally, hours, reason, _text_of_finished(reason, tally, hours), None, None)
    first_at = hours.opening(tally.stretch, tally.first_since)
    last_at = hours.opening(tally.stretch, tally.last_since)
    if first_at <= hours.now:
        reason = Reason.DISPATCHED if tally.dispatched else can_be_reached(tally.channel)
        return Judged(tally, hours, reason, words.simply(reason, tally.channel), first_at, last_at)
    reason = _waiting(tally, hours)
    return Judged(tally, hours, reason, _text_of_waiting(reason, tally, hours), first_at, last_at)


def put_together(judged: Iterable[Judged]) -> tuple[Outlooks, ...]:
    """One line for each reason, and for each opening of what is closed; soonest first, then the most."""
    found: dict[tuple[object, ...], Outlooks] = {}
    for one in judged:
        opens = one.first_at if one.reason is Reason.CLOSED else None
        key = (one.reason, one.text, opens)
        found[key] = _joined(found[key], one) if key in found else _outlooks(one)
    return tuple(sorted(found.values(), key=_order))


def _order(outlooks: Outlooks) -> tuple[int, float, int]:
    soonest = outlooks.first_at.timestamp() if outlooks.group == "later" and outlooks.first_at else 0
    return GROUPS.index(outlooks.group), soonest, -outlooks.contacts


def _outlooks(one: Judged) -> Outlooks:
    group = group_of(one.reason)
    is_later = group == "later"
    return Outlooks(
        group=group,
        reason=one.reason,
        text=one.text,
        contacts=one.tally.contacts,
        first_at=one.first_at if is_later else None,
        last_at=one.last_at if is_later else None,
    )


def _joined(known: Outlooks, one: Judged) -> Outlooks:
    firsts = [at for at in (known.first_at, one.first_at) if at is not None]
    lasts = [at for at in (known.last_at, one.last_at) if at is not None]
    is_later = known.group == "later"
    return known.model_copy(
        update={
            "contacts": known.contacts + one.tally.contacts,
            "first_at": min(firsts) if is_later else None,
            "last_at": max(lasts) if is_later else None,
        }
    )


def _finished(finished: str, hours: Hours) -> Reason:
    if finished != NO_WINDOW:
        return Reason(finished)
    return Reason.NO_WINDOW_BEFORE_END if hours.ever_open else Reason.NEVER_OPEN


def _waiting(tally: Tally, hours: Hours) -> Reason:
    reason = None if tally.cause is None else Reason(tally.cause)
    closed_now = not is_open(hours.time.timetables, hours.time.zones, hours.now)
    return Reason.CLOSED if reason is None or (reason is Reason.HELD_BACK and closed_now) else reason


def _text_of_finished(reason: Reason, tally: Tally, hours: Hours) -> str:
    match reason:
        case Reason.LISTED:
            return words.listed(tally.holder, tally.registry)
        case Reason.GIVEN_UP:
            return words.given_up(tally.failure_reason or "")
        case Reason.NEVER_OPEN:
            return words.never_open(hours.time.timetables)
        case _:
            return words.simply(reason, tally.channel)


def _text_of_waiting(reason: Reason, tally: Tally, hours: Hours) -> str:
    match reason:
        case Reason.CLOSED:
            return words.closed(hours.time, hours.now)
        case Reason.RETRY:
            return words.retry_after(tally.last_disposition)
        case _:
            return words.simply(reason, tally.channel)


def by_group(outlooks: Iterable[Outlooks]) -> Mapping[Group, int]:
    """How many contacts there are of each group."""
    found = dict.fromkeys(GROUPS, 0)
    for one in outlooks:
        found[one.group] += one.contacts
    return found
