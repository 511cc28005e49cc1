"""Texts are split where networks split them: counted by their alphabet, and whole again when joined."""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from outdial.domain.errors import InvalidInput
from outdial.domain.sms.encoding import Encoding, is_gsm_7, octets_of, split_text
from outdial.domain.sms.plain import forcing_characters, in_plain_characters, parts_without

ONE_SEPTET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWO_SEPTETS = "\f^{}\\[~]|€"

gsm_texts = st.text(st.sampled_from(ONE_SEPTET + TWO_SEPTETS), max_size=700)
one_septet_texts = st.text(st.sampled_from(ONE_SEPTET), max_size=700)
any_texts = st.one_of(
    gsm_texts,
    st.text(max_size=300),
    st.text(st.sampled_from("aשל\u05b8مرحب\u0627\u064e\u200f😀👍🏽\u2026\u2019€"), max_size=400),
)


def walked(units: list[int], alone: int, joined: int) -> int:
    """How many parts pieces of these sizes need: an account of the standard that shares nothing with ours."""
    if sum(units) <= alone:
        return 1 if units else 0
    parts, free = 1, joined
    for size in units:
        if size > free:
            parts, free = parts + 1, joined
        free -= size
    return parts


def test_the_alphabet_is_the_standards() -> None:
    assert len(ONE_SEPTET) == 127  # 128 codes, of which one is the escape
    assert {len(octets_of(character, Encoding.GSM_7)) for character in ONE_SEPTET} == {1}
    assert {len(octets_of(character, Encoding.GSM_7)) for character in TWO_SEPTETS} == {2}
    known = {*ONE_SEPTET, *TWO_SEPTETS}
    assert [chr(code) for code in range(0x3000) if is_gsm_7(chr(code)) != (chr(code) in known)] == []


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("@£$¥èéùìòÇ", "00 01 02 03 04 05 06 07 08 09"),
        ("\nØø\rÅåΔ_Φ", "0a 0b 0c 0d 0e 0f 10 11 12"),
        ("ΓΛΩΠΨΣΘΞÆæßÉ", "13 14 15 16 17 18 19 1a 1c 1d 1e 1f"),
        (" ¤Az¡ÄÖÑÜ§", "20 24 41 7a 40 5b 5c 5d 5e 5f"),
        ("¿äöñüà", "60 7b 7c 7d 7e 7f"),
        ("\f^{}\\", "1b 0a 1b 14 1b 28 1b 29 1b 2f"),
        ("[~]|€", "1b 3c 1b 3d 1b 3e 1b 40 1b 65"),
    ],
)
def test_septets_are_the_standards(text: str, octets: str) -> None:
    assert octets_of(text, Encoding.GSM_7) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("text", "encoding", "parts", "units_left"),
    [
        ("", Encoding.GSM_7, 0, 160),
        ("a" * 160, Encoding.GSM_7, 1, 0),
        ("a" * 161, Encoding.GSM_7, 2, 145),
        ("a" * 306, Encoding.GSM_7, 2, 0),
        ("a" * 307, Encoding.GSM_7, 3, 152),
        ("a" * 159 + "€", Encoding.GSM_7, 2, 145),
        ("a" * 152 + "€" + "a" * 151 + "€", Encoding.GSM_7, 3, 151),  # neither escape fits beside its letter
        ("a" * 152 + "€" + "a" * 152, Encoding.GSM_7, 3, 152),  # what moved on counts where it moved to
        ("ש" * 66 + "😀" + "ש" * 66, Encoding.UCS_2, 3, 66),
        ("ש" * 70, Encoding.UCS_2, 1, 0),
        ("ש" * 71, Encoding.UCS_2, 2, 63),
        ("ם" * 134, Encoding.UCS_2, 2, 0),
        ("م" * 135, Encoding.UCS_2, 3, 66),
        ("ש" * 66 + "😀" + "ש" * 5, Encoding.UCS_2, 2, 60),  # the emoji goes to the second part whole
        ("|" * 70 + "∞", Encoding.UCS_2, 2, 63),  # in UCS-2 nothing counts twice for GSM-7's sake
        ("ça", Encoding.UCS_2, 1, 68),  # GSM-7 has the capital alone
        ("a\tb", Encoding.UCS_2, 1, 67),
    ],
)
def test_parts_are_counted_as_networks_count(
    text: str, encoding: Encoding, parts: int, units_left: int
) -> None:
    split = split_text(text)
    assert (split.encoding, len(split.parts), split.units_left) == (encoding, parts, units_left)


@given(any_texts)
def test_parts_joined_give_the_text_back_and_none_is_too_long(text: str) -> None:
    split = split_text(text)
    octets = [octets_of(part, split.encoding) for part in split.parts]
    alone, joined = (160, 153) if split.encoding is Encoding.GSM_7 else (140, 134)

    assert "".join(split.parts) == text
    assert all(split.parts)
    assert all(len(part) <= (alone if len(octets) == 1 else joined) for part in octets)
    if split.encoding is Encoding.UCS_2:
        assert "".join(part.decode("utf-16-be") for part in octets) == text


@given(any_texts)
def test_as_many_parts_as_an_account_of_its_own_needs(text: str) -> None:
    split = split_text(text)
    if split.encoding is Encoding.GSM_7:
        needed = walked([2 if character in TWO_SEPTETS else 1 for character in text], 160, 153)
    else:
        needed = walked([len(character.encode("utf-16-be")) // 2 for character in text], 70, 67)
    assert len(split.parts) == needed


@given(one_septet_texts)
def test_where_nothing_counts_twice_parts_are_length_by_153(text: str) -> None:
    assert len(split_text(text).parts) == (
        math.ceil(len(text) / 153) if len(text) > 160 else min(len(text), 1)
    )


@given(any_texts, st.integers(0, 3))
def test_what_is_left_fits_without_another_part(text: str, more: int) -> None:
    split = split_text(text)
    fill_up = "a" * split.units_left
    assert len(split_text(text + fill_up).parts) == max(len(split.parts), 1)
    if len(split.parts) != 1:  # a first part that overflows is split anew
        return
    assert len(split_text(text + fill_up + "a" * (more + 1)).parts) == 2


def test_a_cost_is_parts_times_the_price() -> None:
    assert split_text("a" * 161).cost(Decimal("0.0079")) == Decimal("0.0158")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"half a character \(U\+D83D\)"):
        split_text("Hello \ud83d")


def test_more_parts_than_can_be_numbered_are_refused() -> None:
    assert len(split_text("a" * 153 * 255).parts) == 255
    with pytest.raises(InvalidInput, match="makes 256 parts"):
        split_text("a" * (153 * 255 + 1))


def test_marks_and_the_order_of_hebrew_and_arabic_are_kept() -> None:
    text = "\u200fשַׁבָּת \u2066Ada\u2069, مَرْحَبًا 1\ufe0f\u20e3"
    split = split_text(text)
    assert (split.encoding, split.parts, split.units) == (Encoding.UCS_2, (text,), len(text))
    assert in_plain_characters(text) == text


def test_what_forces_ucs_2_is_named_with_its_place() -> None:
    text = "Don't miss it\u2026 it\u2019s on Ωmega 👍"
    found = [(each.position, each.character, each.plain, each.name) for each in forcing_characters(text)]
    assert found == [
        (14, "\u2026", "...", "U+2026 HORIZONTAL ELLIPSIS"),
        (18, "\u2019", "'", "U+2019 RIGHT SINGLE QUOTATION MARK"),
        (30, "👍", None, "U+1F44D THUMBS UP SIGN"),
    ]


def test_one_typographic_mark_makes_three_parts_of_one() -> None:
    text = "a" * 13 + "\u2019" + "a" * 140
    assert len(split_text(text).parts) == 3
    assert parts_without(text) == 1
    assert in_plain_characters(text) == text.replace("\u2019", "'")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\u201cHi\u201d \u2013 it\u2019s", '"Hi" - it\'s'),
        ("a\u00a0b\u202fc\td", "a b c d"),
        ("Wait\u2026", "Wait..."),
        ("Jose\u0301", "Jose\u0301"),  # é alone would save nothing in a text as short
        ("\ufeffHi", "Hi"),
    ],
)
def test_marks_give_way_to_those_that_look_like_them_where_that_saves_a_part(text: str, plain: str) -> None:
    padding = "x" * 70
    assert in_plain_characters(text + padding) == plain.replace("e\u0301", "é") + padding
    assert in_plain_characters(text) == text


def test_what_nobody_sees_goes_where_it_alone_makes_another_part() -> None:
    assert in_plain_characters("\ufeff" + "ש" * 70) == "ש" * 70
    assert in_plain_characters("\ufeff" + "ש" * 69) == "\ufeff" + "ש" * 69


def test_letters_are_never_replaced() -> None:
    for text in ("François " * 20, "Łódź " * 30, "São Paulo\u2026 " * 20):
        assert in_plain_characters(text) == text


@given(gsm_texts)
def test_a_text_of_gsm_7_is_never_touched(text: str) -> None:
    assert in_plain_characters(text) == text
    assert forcing_characters(text) == ()


@given(st.text(st.sampled_from("aé€ \u2019\u2026\u00a0\u2014\u201c\u200b😀"), max_size=300))
def test_plain_characters_leave_gsm_7_as_it_was_and_never_cost_more(text: str) -> None:
    plain = in_plain_characters(text)
    before, after = len(split_text(text).parts), len(split_text(plain).parts)
    assert after <= before
    assert plain == text or after < before
    rest = iter(plain)
    assert all(character in rest for character in text if is_gsm_7(character))


@given(st.text(max_size=40), st.sampled_from("\u2019שé€a"))
def test_a_text_is_in_ucs_2_exactly_where_something_forces_it(text: str, character: str) -> None:
    written = unicodedata.normalize("NFC", text) + character
    assert bool(forcing_characters(written)) == (split_text(written).encoding is Encoding.UCS_2)
