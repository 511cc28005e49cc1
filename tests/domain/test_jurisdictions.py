"""What the law of a place allows is data that says where it comes from, and only narrows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from outdial.domain.calling_windows import Timetable
from outdial.domain.closed_days import is_known_calendar
from outdial.domain.hours_in_words import rule_in_words
from outdial.domain.jurisdictions import (
    Evidence,
    Jurisdiction,
    Nature,
    jurisdictions_of,
    known_jurisdictions,
)
from outdial.domain.regions import regions_of_number, us_state_names, us_states_by_area_code

DOCUMENT = Path(__file__).parents[2] / "docs" / "calling-hours.md"
KNOWN = known_jurisdictions()
STATES = [code for code in KNOWN if code.startswith("US-")]
HALF_HOURS = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(7 * 48)]


def opens(jurisdiction: Jurisdiction, wall: datetime) -> bool:
    return Timetable(jurisdiction.name, jurisdiction.windows).covers(wall)


def of_regions(*regions: str) -> list[str]:
    return [entry.code for entry in jurisdictions_of(regions)]


@pytest.mark.parametrize("entry", KNOWN.values(), ids=KNOWN)
def test_every_entry_says_where_it_comes_from_and_when_it_was_checked(entry: Jurisdiction) -> None:
    assert entry.source
    assert entry.note
    assert entry.checked >= date(2026, 11, 22)
    assert entry.url.startswith("http") or entry.url == ""
    assert entry.nature is Nature.LAW or entry.evidence is Evidence.SECONDARY


def test_names_tell_entries_apart() -> None:
    assert len({entry.name for entry in KNOWN.values()}) == len(KNOWN)


@pytest.mark.parametrize("code", [code for code, entry in KNOWN.items() if entry.closed_on_holidays])
def test_holidays_are_known_where_they_are_closed(code: str) -> None:
    assert is_known_calendar(code)


@pytest.mark.parametrize("code", STATES)
def test_a_state_is_a_state_and_stands_under_federal_law_too(code: str) -> None:
    assert KNOWN[code].name == us_state_names()[code.removeprefix("US-")]
    assert of_regions(code) == ["US", code]


@pytest.mark.parametrize("code", STATES)
def test_a_state_is_open_at_no_hour_that_federal_law_closes_and_is_stricter_somewhere(code: str) -> None:
    state, federal = KNOWN[code], KNOWN["US"]
    wider = [wall for wall in HALF_HOURS if opens(state, wall) and not opens(federal, wall)]
    narrower = [wall for wall in HALF_HOURS if opens(federal, wall) and not opens(state, wall)]

    assert wider == []
    assert narrower or state.closed_on_holidays or state.calls_per_24_hours


@pytest.mark.parametrize("code", KNOWN)
def test_everywhere_a_call_is_possible_at_noon_on_some_weekday_and_nowhere_at_night(code: str) -> None:
    entry = KNOWN[code]
    assert any(opens(entry, wall) for wall in HALF_HOURS if (wall.hour, wall.minute) == (12, 0))
    assert not any(opens(entry, wall) for wall in HALF_HOURS if wall.hour < 8 or wall.hour >= 21)


@pytest.mark.parametrize(
    ("code", "day", "hours"),
    [
        ("US", "2026-03-01", (8, 21)),  # a Sunday
        ("US-FL", "2026-03-01", (8, 20)),
        ("US-TX", "2026-03-01", (12, 21)),
        ("US-TX", "2026-03-02", (9, 21)),
        ("US-AL", "2026-03-01", None),
        ("US-LA", "2026-03-01", None),
        ("US-MS", "2026-03-01", None),
        ("US-MS", "2026-03-07", (8, 20)),
        ("US-RI", "2026-03-01", None),
        ("US-RI", "2026-03-06", (9, 18)),
        ("US-RI", "2026-03-07", (10, 17)),
        ("US-CT", "2026-03-04", (9, 20)),
        ("US-KY", "2026-03-04", (10, 21)),
        ("US-OK", "2026-03-04", (9, 20)),
        ("GB", "2026-03-07", (9, 21)),
        ("IL", "2026-03-06", (8, 14)),  # a Friday
        ("IL", "2026-03-07", None),
    ],
)
def test_hours_of_a_day(code: str, day: str, hours: tuple[int, int] | None) -> None:
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    minutes = [start + timedelta(minutes=n) for n in range(24 * 60)]
    expected = [] if hours is None else [m for m in minutes if hours[0] <= m.hour < hours[1]]
    assert [minute for minute in minutes if opens(KNOWN[code], minute)] == expected


def test_who_may_be_called_only_three_times_a_day() -> None:
    assert {code for code, entry in KNOWN.items() if entry.calls_per_24_hours == 3} == {
        "US-FL",
        "US-MD",
        "US-OK",
    }


def test_regions_give_each_entry_once_and_a_country_first() -> None:
    assert of_regions("US-TX", "US-FL", "US-TX", "GB") == ["GB", "US", "US-FL", "US-TX"]
    assert of_regions("US-ZZ") == ["US"]
    assert of_regions("US-NY", "US") == ["US"]
    assert of_regions("FR", "FR-IDF") == []
    assert of_regions() == []


def test_a_number_of_every_area_code_stands_under_federal_law_and_its_states() -> None:
    for area, state in us_states_by_area_code().items():
        expected = ["US", f"US-{state}"] if f"US-{state}" in KNOWN else ["US"]
        assert of_regions(*regions_of_number(f"+1{area}5550123")) == expected


def test_the_document_shows_every_entry_as_it_is() -> None:
    text = DOCUMENT.read_text("utf-8")
    missing = [
        line for entry in KNOWN.values() for line in (row_of(entry), note_of(entry)) if line not in text
    ]

    assert missing == []
    assert len([line for line in text.splitlines() if line.startswith("| `")]) == len(KNOWN)
    assert "not legal advice" in text


def row_of(entry: Jurisdiction) -> str:
    source = f"[{entry.source}]({entry.url})" if entry.url else entry.source
    cells = (
        f"`{entry.code}`",
        entry.name,
        rule_in_words(entry.windows),
        "closed" if entry.closed_on_holidays else "open",
        str(entry.calls_per_24_hours or "no limit"),
        entry.nature.value,
        source,
        "yes" if entry.evidence is Evidence.PRIMARY else "no",
        entry.checked.isoformat(),
    )
    return f"| {' | '.join(cells)} |"


def note_of(entry: Jurisdiction) -> str:
    return f"- **{entry.name}**: {entry.note}"
