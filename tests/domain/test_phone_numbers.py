"""Numbers as spreadsheets and people leave them: read exactly, or refused with the reason."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings, strategies as st

from outdial.domain import phone_numbers as room
from outdial.domain.phone_numbers import LOST_PLUS, NotANumber, Number, possible_zones, read_number

IL_MOBILE = "+972502345678"
US = "+12025550123"


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("12025550123.0", "US", US),
        ("12025550123,00", "US", US),
        ("1.2025550123E+10", "US", US),
        ("1,2025550123e10", "US", US),
        ("1.20255501230E+10", "US", US),
        ("12,025,550,123", "US", US),
        ("$12,025,550,123.00", "US", US),
        ("12\u202f025\u202f550\u202f123", "US", US),
        ("2079460018", "GB", "+442079460018"),
        ("502345678", "IL", IL_MOBILE),
        ("972502345678", "IL", IL_MOBILE),
        ('="0502345678"', "IL", IL_MOBILE),
        ("=+972502345678", None, IL_MOBILE),
        ("'+12025550123", None, US),
        ("\u202a+1\u00a0202\u00a0555\u20110123\u202c", None, US),
        ("\ufeff+1202\u200b555\u20660123\u2069", None, US),
        ("٠٥٠٢٣٤٥٦٧٨", "IL", IL_MOBILE),
        ("०५०२३४५६७८", "IL", IL_MOBILE),
        ("\uff0b\uff11\uff08202\uff09\uff15\uff15\uff15\uff0d\uff10123", None, US),
        ("00972502345678", "US", IL_MOBILE),
        ("011 972 50 234 5678", "US", IL_MOBILE),
        ("0112345678", "IT", "+390112345678"),
        ("+00972502345678", None, IL_MOBILE),
        ("+972 (0)50-234-5678", None, IL_MOBILE),
        ("tel:+1-202-555-0123", None, US),
        ("tel:050-234-5678;phone-context=+972", None, IL_MOBILE),
        ("tel:%2B12025550123", None, US),
        ("Tel: 202-555-0123", "US", US),
        ("202-555-0123 (home)", "US", US),
        ("+1.202.555.0123", None, US),
        ("030/1234567", "DE", "+49301234567"),
        ("+12025550123\x00", None, US),
    ],
)
def test_damage_that_lost_no_digit_is_undone(text: str, region: str | None, e164: str) -> None:
    assert read_number(text, region) == Number(e164, assigned=True)


@pytest.mark.parametrize(
    ("text", "region", "reason"),
    [
        ("1.20256E+10", "US", "lost its last digits"),
        ("9.72502E+11", None, "lost its last digits"),
        ("0501234567", "US", "starts with 0"),
        ("+1 050 123 4567", None, "starts with 0"),
        ("tel:+1-202-555-0123;ext=5", None, "extension"),
        ("202-555-0123 x5", "US", "extension"),
        ("202-555-0123 ext. 5", "US", "extension"),
        ("2025550123,,5", "US", "extension"),
        ("+1 202 555 0123 #45", None, "extension"),
        ("202-555-0123 / 202-555-0124", "US", "more than one number"),
        ("202-555-0123, 202-555-0124", "US", "more than one number"),
        ("202-555-0123\n202-555-0124", "US", "more than one number"),
        ("2025550123 2025550124", "US", "more than one number"),
        ("202-555-0123 or 202-555-0124", "US", "more than one number"),
        ("+12025550123+12025550124", None, "more than one number"),
        ("1202555012300%", "US", "percentage"),
        ("2024-02-29", "US", "is a date"),
        ("2024-02-29 00:00:00", "US", "is a date"),
        ("15/03/2024", "GB", "is a date"),
        ("#N/A", "US", "error message"),
        ("########", "US", "error message"),
        ("=1+1", "US", "formula"),
        ("=cmd|'/C calc'!A0", "US", "formula"),
        ("@SUM(1+9)*cmd|' /C calc'!A0", "US", "formula"),
        ("sip:+12025550123@example.org", None, "SIP address"),
        ("1-800-FLOWERS", "US", "letters"),
        ("+12025550123;drop table contacts", None, "letters"),
        ("5550123", "US", "lacks its area code"),
        ("2025550123", None, "names no default region"),
        ("20255501234", "US", "a digit too many"),
        ("", "US", "empty"),
        ("\u200f\u00a0", "US", "empty"),
    ],
)
def test_what_cannot_be_called_for_certain_is_refused_with_the_reason(
    text: str, region: str | None, reason: str
) -> None:
    read = read_number(text, region)
    assert isinstance(read, NotANumber)
    assert reason in read.reason


@pytest.mark.parametrize("region", ["US", "GB", None])
@pytest.mark.parametrize("digits", ["972502345678", "4915112345678"])
def test_a_lost_plus_is_put_back_where_the_number_can_be_nothing_else(
    digits: str, region: str | None
) -> None:
    assert read_number(digits, region) == Number(f"+{digits}", assigned=True, oddity=LOST_PLUS)


def test_a_number_of_the_region_never_loses_to_one_abroad() -> None:
    assert read_number("4792345678", "US") == Number("+14792345678", assigned=True)
    assert read_number("4522345678", "US") == Number("+14522345678", assigned=False)


@pytest.mark.parametrize("e164", ["+972501234567", "+972521234567"])
def test_a_number_that_nobody_has_stands_in_the_zones_of_its_prefix(e164: str) -> None:
    assert possible_zones(e164) == ("Asia/Jerusalem",)


def test_a_number_without_a_place_may_stand_anywhere_in_its_country() -> None:
    assert {"America/New_York", "Pacific/Honolulu"} <= set(possible_zones("+18005550123"))
    assert possible_zones("+881612345678") == ()


REGIONS = st.sampled_from([None, *sorted(phonenumbers.SUPPORTED_REGIONS)])
PLUS_AND_CODE = st.sampled_from(["", "+", *(f"+{code}" for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)])


@settings(max_examples=1000, deadline=None)
@given(region=REGIONS, start=PLUS_AND_CODE, digits=st.text("0123456789", min_size=3, max_size=16))
def test_the_short_way_of_reading_digits_finds_what_the_long_one_finds(
    region: str | None, start: str, digits: str
) -> None:
    short = room._parse_digits(start + digits, region)
    if short is not None:
        assert short == phonenumbers.parse(start + digits, region)


@settings(max_examples=1000, deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=25)
    | st.from_regex(r"[+=']?[0-9 .,eE()/;:x\u200f\u00a0-]{4,24}", fullmatch=True),
    region=REGIONS,
)
def test_any_text_gives_e164_or_a_reason(text: str, region: str | None) -> None:
    read = read_number(text, region)
    if isinstance(read, NotANumber):
        assert read.reason
    else:
        assert read.e164[0] == "+"
        assert read.e164[1:].isascii()
        assert 7 <= len(read.e164[1:]) <= 15
        assert read_number(read.e164, None) == Number(read.e164, read.assigned)


@pytest.mark.parametrize("text", ["+92 00 301 2345503", "+972 00 50 2345678", "+49 00 30 123456"])
def test_one_person_has_one_number_so_zeros_that_are_not_dialled_are_not_kept(text: str) -> None:
    number = read_number(text, None)
    assert isinstance(number, NotANumber), number
    assert "starts with 0" in number.reason
