"""The quick way to read a number agrees with the slow one wherever it speaks at all."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given, settings, strategies as st

from outdial.domain.canonical_numbers import known_e164
from outdial.domain.phone_numbers import Number, read_number

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
NUMBERS = st.builds("+{}{}".format, st.sampled_from(CODES), st.text("0123456789", min_size=3, max_size=13))


@settings(max_examples=3000, deadline=None)
@given(NUMBERS)
@example("+4407700900123")
@example("+5590213456789")
@example("+390612345678")
@example("+12125550123")
def test_what_is_known_of_an_international_number_is_what_reading_it_gives(text: str):
    known = known_e164(text, None)
    if known is not None:
        read = read_number(text, None)
        assert isinstance(read, Number)
        assert read.e164 == known


@settings(max_examples=2000, deadline=None)
@given(st.text("0123456789", min_size=9, max_size=11), st.sampled_from(["US", "CA", "GB", None]))
def test_what_is_known_of_a_national_number_is_what_reading_it_gives(text: str, region: str | None):
    known = known_e164(text, region)
    if known is not None:
        read = read_number(text, region)
        assert isinstance(read, Number)
        assert read.e164 == known


@pytest.mark.parametrize(
    ("text", "region"),
    [("+12125550123", None), ("2125550123", "US"), ("+447700900123", None), ("+972521234567", None)],
)
def test_ordinary_numbers_are_known(text: str, region: str | None):
    assert known_e164(text, region) is not None
