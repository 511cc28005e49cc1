"""`outdial windows FILE`: may people be called at a moment, by which rule, and when next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from outdial.cli.input_file import read_input_file
from outdial.cli.moments import parse_moment
from outdial.cli.output import AsJson, print_json
from outdial.cli.whose_hours import clock_asked, read_hours_file, regions_asked, why_skipped, zones_asked
from outdial.domain.calling_rules import timetables_for
from outdial.domain.calling_windows import Timetable, closes_at, next_opening
from outdial.domain.clock import utc_now
from outdial.domain.hours_in_words import rule_in_words, why_closed, why_open

_MOST_ZONES_SHOWN = 4


@dataclass(frozen=True)
class Question:
    """May a person be called at `at`, by these rules, where their clock is one of `zones`?

    Answers are shown on the clock of `here`.
    """

    timetables: Sequence[Timetable]
    zones: Sequence[ZoneInfo]
    here: ZoneInfo
    at: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    never_because: str | None = None


def windows(
    file: Annotated[Path, typer.Argument(help="A campaign file, or only its callingWindows.")],
    at: Annotated[
        str | None, typer.Option(help="ISO 8601; without an offset, on the clock of the zone. Default: now.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="IANA zone. Default: those of the number, else the campaign's.")
    ] = None,
    number: Annotated[
        str | None, typer.Option(help="Somebody's number, like +13055550123: its law and clock count.")
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="Where somebody may be, like US-FL: its law counts.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a moment is open or closed, by which rule, and when it opens next."""
    written = read_hours_file(read_input_file(file))
    zones = zones_asked(written, timezone, number)
    regions = regions_asked(written, region or [], number)
    here = clock_asked(written, zones)
    moment = utc_now() if at is None else parse_moment("--at", at, here)
    question = Question(
        timetables_for(written.config, regions),
        zones,
        here,
        moment.astimezone(UTC),
        written.start_time,
        written.end_time,
        None if timezone else why_skipped(written, number),
    )
    answer = answer_to(question) | {"regions": regions, "assumed": _assumption(moment, here, zones)}
    if as_json:
        print_json(answer)
    else:
        print("\n".join(_lines(answer, question)))


def answer_to(question: Question) -> dict[str, Any]:
    """Open or closed, the rule that says so, when it opens (`at` itself where open) and closes."""
    closed_by = _why_never_or_not_yet(question) or why_closed(
        question.timetables, question.zones, question.at
    )
    opens = _next_opening(question)
    closes = None if opens is None else _closing(question, opens)
    here = question.here
    return {
        "open": closed_by is None,
        "at": question.at.astimezone(here).isoformat(),
        "rule": closed_by or why_open(question.timetables, question.zones, question.at),
        "next_open": opens and opens.astimezone(here).isoformat(),
        "closes": closes and closes.astimezone(here).isoformat(),
        "zones": [zone.key for zone in question.zones],
        "rules": [f"{table.name}: {_hours(table)}" for table in question.timetables],
    }


def _why_never_or_not_yet(question: Question) -> str | None:
    here = question.here
    if question.never_because:
        return question.never_because
    if question.start_time and question.at < question.start_time:
        return f"the campaign starts {_shown(question.start_time, here)}"
    if question.end_time and question.at >= question.end_time:
        return f"the campaign ended {_shown(question.end_time, here)}"
    return None


def _next_opening(question: Question) -> datetime | None:
    if question.never_because:
        return None
    earliest = max(question.at, question.start_time or question.at)
    return next_opening(question.timetables, question.zones, earliest, question.end_time)


def _closing(question: Question, opens: datetime) -> datetime | None:
    closes = closes_at(question.timetables, question.zones, opens)
    return min((end for end in (closes, question.end_time) if end), default=None)


def _assumption(moment: datetime, here: ZoneInfo, zones: Sequence[ZoneInfo]) -> str | None:
    """What was made of a time without an offset that might mean another moment than was meant."""
    if moment.tzinfo is not here:
        return None
    first, second = (moment.replace(fold=fold) for fold in (0, 1))
    wall = f"{moment:%Y-%m-%d %H:%M} on the clock of {here.key}"
    if first.utcoffset() == second.utcoffset():
        return f"read as {wall}" if len(zones) > 1 else None
    if first.astimezone(UTC) < second.astimezone(UTC):
        return f"{wall} comes twice: taken as {first.isoformat()}; the other is {second.isoformat()}"
    return f"{wall} never comes: taken as {first.astimezone(UTC).astimezone(here).isoformat()}"


def _lines(answer: Mapping[str, Any], question: Question) -> Iterator[str]:
    yield f"{'open' if answer['open'] else 'closed'}: {answer['rule']}"
    yield f"  at      {_shown(question.at, question.here)}  {question.here.key}"
    if answer["assumed"]:
        yield f"  note    {answer['assumed']}"
    if not answer["open"]:
        yield f"  opens   {_shown_or_never(answer['next_open'])}"
    if answer["next_open"]:
        yield f"  closes  {_shown_or_never(answer['closes'])}"
    yield from _lines_of_places(question, answer["regions"])
    width = max(len(table.name) for table in question.timetables)
    for table in question.timetables:
        label = "rules" if table is question.timetables[0] else ""
        yield f"  {label:8}{table.name:{width}}  {_hours(table)}"


def _lines_of_places(question: Question, regions: Sequence[str]) -> Iterator[str]:
    if regions:
        yield f"  where   {', '.join(regions)}"
    if question.zones == (question.here,):
        return
    by_clock = sorted(
        question.zones, key=lambda zone: question.at.astimezone(zone).utcoffset() or timedelta()
    )
    shown = by_clock if len(by_clock) <= _MOST_ZONES_SHOWN else [by_clock[0], by_clock[-1]]
    for zone in shown:
        yield f"  {'clocks' if zone is shown[0] else '':8}{_shown(question.at, zone)}  {zone.key}"
    if len(shown) < len(by_clock):
        yield f"  {'':8}and {len(by_clock) - len(shown)} between"


def _hours(timetable: Timetable) -> str:
    closed = timetable.closed_on
    days = [*sorted(day.isoformat() for day in closed.dates), *(f"holidays of {c}" for c in closed.calendars)]
    return rule_in_words(timetable.windows) + (f"; not on {', '.join(days)}" if days else "")


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return _shown_or_never(at.astimezone(zone).isoformat())


def _shown_or_never(at: str | None) -> str:
    if at is None:
        return "never"
    local = datetime.fromisoformat(at)
    return f"{local:%a %Y-%m-%d %H:%M} {local.isoformat()[-len('+00:00') :]}"
