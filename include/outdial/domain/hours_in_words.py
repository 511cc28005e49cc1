"""Calling hours as sentences: what a rule says, and which one keeps a moment closed.

For `outdial windows`, the preview of a campaign and the explanation of a call that was not made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from outdial.domain.calling_windows import MINUTES_A_DAY, CallingWindow, Timetable

DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_ONE_DAY = timedelta(days=1)


def rule_in_words(windows: Iterable[CallingWindow]) -> str:
    """Windows in a line: `Mon, Tue 09:00-20:30; Fri 09:00-13:00`."""
    return "; ".join(window_in_words(window) for window in windows)


def window_in_words(window: CallingWindow) -> str:
    """One window: `Mon, Tue 09:00-20:30`, or `every day 22:00-02:00`."""
    days = sorted(set(window.day_of_week))
    named = "every day" if len(days) == len(DAYS) else ", ".join(DAYS[day] for day in days)
    return f"{named} {_clock(window.starts_at)}-{window.end_hour:02}:{window.end_minute:02}"


def why_open(timetables: Sequence[Timetable], zones: Sequence[ZoneInfo], at: datetime) -> str | None:
    """The windows of the first timetable, the campaign's own, that cover `at`; None where closed."""
    if why_closed(timetables, zones, at) is not None:
        return None
    walls = [at.astimezone(zone) for zone in zones]
    own = timetables[0]
    covering = (next(w for w in own.windows if w.covers(wall, own.closed_on)) for wall in walls)
    return rule_in_words(dict.fromkeys(covering))


def why_closed(timetables: Sequence[Timetable], zones: Sequence[ZoneInfo], at: datetime) -> str | None:
    """The first rule that keeps `at` closed, the campaign's own before the law's; None where all are open.

    `no window covers Fri 10:00`; `holiday: Christmas Day (US)`; `Florida: no calls after 20:00 (Fla. Stat.
    § 501.616(6))`. The zone is named where there are several.
    """
    for timetable, zone in product(timetables, zones):
        wall = at.astimezone(zone)
        if not timetable.covers(wall):
            explain = _why_closed_by_campaign if timetable.source is None else _why_closed_by_law
            why = explain(timetable, wall)
            return f"{why}, in {zone.key}" if len(zones) > 1 else why
    return None


def _why_closed_by_campaign(timetable: Timetable, wall: datetime) -> str:
    closed_day = _closed_day(timetable, wall)
    return closed_day or f"no window covers {DAYS[wall.isoweekday() % 7]} {wall:%H:%M}"


def _why_closed_by_law(timetable: Timetable, wall: datetime) -> str:
    why = _closed_day(timetable, wall) or _outside_hours(timetable.windows, wall)
    return f"{timetable.name}: {why} ({timetable.source})"


def _closed_day(timetable: Timetable, wall: datetime) -> str | None:
    """The closed day that keeps `wall` closed: its own, or that on which the window would have started."""
    today = wall.date()
    if today in timetable.closed_on:
        return _name_of(timetable, today)
    if any(window.covers(wall) for window in timetable.windows):
        return f"{_name_of(timetable, today - _ONE_DAY)}, the day on which the window starts"
    return None


def _name_of(timetable: Timetable, day: date) -> str:
    if day in timetable.closed_on.dates:
        return f"blocked date {day.isoformat()}"
    return f"holiday: {timetable.closed_on.name_of(day)}"


def _outside_hours(windows: Sequence[CallingWindow], wall: datetime) -> str:
    spans = sorted(span for window in windows for span in _spans_of(window, wall.date()))
    minute = wall.hour * 60 + wall.minute
    ended = [end for _, end in spans if end <= minute]
    coming = [start for start, _ in spans if start > minute]
    if not spans:
        return f"no calls on {wall:%A}s"
    if ended and coming:
        return f"no calls between {_clock(max(ended))} and {_clock(min(coming))} on {wall:%A}s"
    return f"no calls after {_clock(max(ended))}" if ended else f"no calls before {_clock(min(coming))}"


def _spans_of(window: CallingWindow, day: date) -> list[tuple[int, int]]:
    """The minutes of `day` that a window covers, its part from the evening before included."""
    spans = [(window.starts_at, window.ends_at)] if window.starts_on(day) else []
    if window.starts_on(day - _ONE_DAY) and window.ends_at > MINUTES_A_DAY:
        spans.append((0, window.ends_at - MINUTES_A_DAY))
    return spans


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
