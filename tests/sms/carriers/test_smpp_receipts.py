"""The line of text in which SMPP carriers write receipts, whatever they make of it."""

from __future__ import annotations

import string

from hypothesis import given, strategies as st

from outdial.sms.carriers.smpp_receipts import fields_of
from outdial.sms.carriers.smpp_submission import relative_time

WORDS = st.text(string.ascii_letters + string.digits + "-_./:@", min_size=1, max_size=64)
DIGITS = st.text(string.digits, min_size=1, max_size=12)
STATES = st.sampled_from(["DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"])
BODIES = st.one_of(st.text(), st.just("x stat:DELIVRD id:other err:9"))


@given(
    st.lists(st.sampled_from(["id", "sub", "dlvrd", "submit date", "done date", "stat", "err"]), unique=True),
    st.fixed_dictionaries({
        "id": WORDS,
        "sub": DIGITS,
        "dlvrd": DIGITS,
        "submit date": DIGITS,
        "done date": DIGITS,
        "stat": STATES,
        "err": DIGITS,
    }),
    BODIES,
    st.sampled_from([str, str.upper, str.capitalize]),
)
def test_a_receipt_is_read_whatever_it_holds_in_any_order_and_whatever_text_it_quotes(
    names, values, body, spelled
):
    head = " ".join(f"{spelled(name)}:{values[name]}" for name in names)
    fields = fields_of(f"{head} {spelled('text')}:{body}")
    assert fields == {name: values[name] for name in names if name in {"id", "stat", "err", "done date"}}


@given(st.text())
def test_no_line_breaks_the_reader(line):
    assert fields_of(line).keys() <= {"id", "stat", "err", "done date"}


@given(st.integers(1, 98 * 86400))
def test_a_validity_is_written_in_days_hours_minutes_and_seconds(seconds):
    written = relative_time(seconds)
    days, hours, minutes, left = (int(written[at : at + 2]) for at in range(4, 12, 2))
    assert (len(written), written[-4:]) == (16, "000R")
    assert days * 86400 + hours * 3600 + minutes * 60 + left == seconds
