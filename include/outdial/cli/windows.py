"""`outdial windows FILE`: may people be called at a moment, by which rule, and when next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo, available_timezones

import typer
from pydantic import TypeAdapter, ValidationError

from outdial.cli.input_file import read_input_file
from outdial.cli.moments import parse_moment
from outdial.cli.output import AsJson, print_json
from outdial.domain.calling_windows import CallingWindow, closes_at, is_open, next_opening
from outdial.domain.campaign import field_problems
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput

DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_WINDOWS = TypeAdapter(tuple[CallingWindow, ...])


def windows(
    file: Annotated[Path, typer.Argument(help="A campaign file, or only its callingWindows.")],
    at: Annotated[
        str | None, typer.Option(help="ISO 8601; without an offset, on that zone's clock. Default: now.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA zone. Default: the campaign's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a moment is open or closed, by which rule, and when it opens next."""
    written = read_input_file(file)
    calling_windows = _read_windows(written)
    zone = _read_zone(timezone, written)
    moment = utc_now() if at is None else parse_moment("--at", at, zone)
    answer = explain(calling_windows, zone, moment)
    if as_json:
        print_json(answer)
    else:
        _print_answer(answer, zone)


def explain(calling_windows: Sequence[CallingWindow], zone: ZoneInfo, at: datetime) -> dict[str, Any]:
    """Open or closed at `at`, the rule that says so, when it opens (`at` itself where open) and closes."""
    wall = at.astimezone(zone)
    rules = [rule_text(window) for window in calling_windows if window.covers(wall)]
    opens = next_opening(calling_windows, [zone], at)
    closes = None if opens is None else closes_at(calling_windows, [zone], opens)
    return {
        "open": is_open(calling_windows, [zone], at),
        "at": wall.isoformat(),
        "rule": rules[0] if rules else f"no window covers {DAYS[wall.isoweekday() % 7]} {wall:%H:%M}",
        "next_open": opens and opens.astimezone(zone).isoformat(),
        "closes": closes and closes.astimezone(zone).isoformat(),
    }


def rule_text(window: CallingWindow) -> str:
    """A window in words: `Mon, Tue 09:00-20:30`."""
    days = ", ".join(DAYS[day] for day in sorted(set(window.day_of_week)))
    start = f"{window.start_hour:02}:{window.start_minute:02}"
    return f"{days} {start}-{window.end_hour:02}:{window.end_minute:02}"


def _read_windows(written: object) -> tuple[CallingWindow, ...]:
    found = written
    for key in ("config", "callingWindows"):
        if isinstance(found, Mapping):
            found = cast("Mapping[str, object]", found).get(key, found)
    if not isinstance(found, list) or not found:
        raise InvalidInput("callingWindows: missing; give a list of windows, or a campaign file that has one")
    try:
        return _WINDOWS.validate_python(found)
    except ValidationError as error:
        raise InvalidInput(*(f"callingWindows.{problem}" for problem in field_problems(error))) from error


def _read_zone(given: str | None, written: object) -> ZoneInfo:
    campaign = cast("Mapping[str, object]", written) if isinstance(written, Mapping) else {}
    name = given or campaign.get("timezone")
    if name is None:
        raise InvalidInput("--timezone is missing and the file names none: give one like America/New_York")
    if not isinstance(name, str) or name not in available_timezones():
        raise InvalidInput(f"--timezone: {name!r} is no IANA time zone; write one like America/New_York")
    return ZoneInfo(name)


def _print_answer(answer: Mapping[str, Any], zone: ZoneInfo) -> None:
    print(f"{'open' if answer['open'] else 'closed'} at {answer['at']} ({zone.key}): {answer['rule']}")
    if answer["open"]:
        print(f"closes {answer['closes'] or 'never'}")
    else:
        print(f"opens next {answer['next_open'] or 'never'}")
