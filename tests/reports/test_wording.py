"""Figures read as people write them, and cells hold no formula."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from outdial.domain.dispositions import Disposition
from outdial.domain.sms.delivery import TextFailure, TextState
from outdial.reports.cells import safe_cell
from outdial.reports.charts import hour_chart, round_step
from outdial.reports.wording import (
    compact,
    count,
    counted,
    duration,
    failure_name,
    money,
    outcome_name,
    percent,
    reason_name,
    state_name,
)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 contacts wait"),
        (1, "1 contact waits"),
        (2, "2 contacts wait"),
        (1_234, "1,234 contacts wait"),
    ],
)
def test_one_is_counted_in_the_singular(number: int, words: str) -> None:
    assert counted(number, "contact waits", "contacts wait") == words


def test_more_than_one_take_an_s() -> None:
    assert [counted(number, "row") for number in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


@given(st.text() | st.from_regex(r"[=+\-@\t\r\n].*"))
def test_a_cell_is_never_a_formula_and_keeps_its_text(text: str) -> None:
    cell = safe_cell(text)

    assert not cell.startswith(("=", "@", "-", "\t", "\r", "\n"))
    assert not cell.startswith("+") or cell[1:].isdecimal()
    assert text in {cell, cell.removeprefix("'")}


@given(st.integers(0, 10**9))
def test_four_steps_reach_the_tallest_column_and_none_is_wasted_by_half(most: int) -> None:
    assert most <= 4 * round_step(most)
    assert round_step(most) == 1 or 4 * round_step(most) < 2.5 * most


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=24, max_size=24))
def test_columns_stand_on_the_floor_within_the_drawing(hours: list[tuple[int, int]]) -> None:
    chart = hour_chart([(max(pair), min(pair)) for pair in hours])

    for column in chart.columns:
        assert 10 < column.begun_top <= column.reached_top <= chart.floor
        assert chart.left <= column.x
        assert column.x + column.width <= chart.right


def test_figures_read_as_people_write_them() -> None:
    assert [count(n) for n in (0, 999, 1234567)] == ["0", "999", "1,234,567"]
    assert [compact(n) for n in (950, 1200, 20_000, 2_500_000)] == ["950", "1.2k", "20k", "2.5M"]
    assert [percent(share) for share in (None, 0.0, 0.3333, 1.0)] == ["—", "0.0%", "33.3%", "100.0%"]
    assert [duration(s) for s in (4.21, 59.99, 185, 7800)] == [
        "4.2 s",
        "1 min 00 s",
        "3 min 05 s",
        "2 h 10 min",
    ]


@pytest.mark.parametrize("disposition", Disposition)
def test_every_outcome_has_a_name(disposition: Disposition) -> None:
    assert outcome_name(disposition)[0].isupper()


@pytest.mark.parametrize("state", TextState)
def test_every_state_of_a_text_has_a_name(state: TextState) -> None:
    assert state_name(state)[0].isupper()


@pytest.mark.parametrize("failure", TextFailure)
def test_every_reason_a_text_fails_for_reads_as_words(failure: TextFailure) -> None:
    assert "_" not in failure_name(failure)


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (None, "USD", "—"),
        (Decimal("0.0075"), "USD", "0.0075 USD"),
        (Decimal("0.10"), None, "0.10"),
        (Decimal("1234.5678"), "EUR", "1,234.57 EUR"),
        (Decimal("1.245"), "USD", "1.25 USD"),
        (Decimal(0), "USD", "0.00 USD"),
        (Decimal("1E+3"), "USD", "1,000.00 USD"),
    ],
)
def test_money_reads_to_the_cent_and_small_prices_exactly(
    amount: Decimal | None, currency: str | None, words: str
) -> None:
    assert money(amount, currency) == words


def test_reasons_read_as_words() -> None:
    assert reason_name("attempts_exhausted") == "all attempts used"
    assert reason_name("invalid_number") == "invalid number"
