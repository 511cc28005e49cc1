"""Texts that come in parts: joined once, whatever the order, the repeats and who else writes meanwhile."""

from __future__ import annotations

from hypothesis import given, strategies as st

from outdial.domain.sms.encoding import Encoding, octets_of, split_text, text_of_septets
from outdial.sms.carriers.smpp_incoming import IncomingPart, Place, text_of
from outdial.sms.carriers.smpp_joining import REMEMBERED_S, Joining, Standing, key_of

GSM = "abc @£€{}[]\n"
LONG = st.one_of(st.text(GSM, min_size=161, max_size=900), st.text("אבגé𝄞 ", min_size=71, max_size=400))


def parts_of(text: str, phone: str, reference: int = 7) -> list[IncomingPart]:
    """The text as a telephone sends it."""
    split = split_text(text)
    coding, total = {Encoding.GSM_7: 0, Encoding.UCS_2: 8}[split.encoding], len(split.parts)
    return [
        IncomingPart(phone, "12345", octets_of(part, split.encoding), coding, Place(reference, total, number))
        for number, part in enumerate(split.parts, start=1)
    ]


@given(LONG, LONG, st.data())
def test_a_text_is_whole_once_and_as_it_was_written(mine, hers, data):
    parts = parts_of(mine, "+1") + parts_of(hers, "+2")
    repeats = data.draw(st.lists(st.sampled_from(parts), max_size=5))
    joining, whole = Joining(), []
    for part in data.draw(st.permutations(parts + repeats)):
        if joining.add(part, 0) is Standing.WHOLE:
            whole.append((part.phone, text_of(joining.parts(key_of(part)))))
            joining.passed_on(key_of(part), 0)
    assert sorted(whole) == [("+1", mine), ("+2", hers)]


@given(st.text("אב𝄞", min_size=2, max_size=40), st.integers(1, 60))
def test_a_character_cut_in_two_is_whole_again(text, cut):
    octets = text.encode("utf-16-be")
    parts = [IncomingPart("+1", "2", piece, 8) for piece in (octets[:cut], octets[cut:])]
    assert text_of(parts) == text


@given(st.text(GSM))
def test_septets_say_what_was_written(text):
    assert text_of_septets(octets_of(text, Encoding.GSM_7)) == text


@given(st.binary())
def test_any_octets_say_something(octets):
    for coding in range(256):
        assert isinstance(text_of([IncomingPart("+1", "2", octets, coding)]), str)


def test_no_more_is_kept_than_there_is_room_for():
    joining = Joining(most_parts=10)
    firsts = [parts_of("a" * 200, f"+{number}")[0] for number in range(20)]
    standings = [joining.add(first, 0) for first in firsts]
    assert standings == [Standing.WAITING] * 10 + [Standing.NO_ROOM] * 10
    assert joining.add(parts_of("a" * 200, "+3")[0], 0) is Standing.WAITING


def test_what_was_passed_on_makes_room():
    joining = Joining(most_parts=2)
    for number in range(5):
        first, second = parts_of("a" * 200, f"+{number}")
        assert joining.add(first, 0) is Standing.WAITING
        assert joining.add(second, 0) is Standing.WHOLE
        joining.passed_on(key_of(first), 0)


def test_a_reference_is_used_again_for_another_text():
    joining = Joining()
    for text in ("a" * 200, "b" * 200):
        for part in parts_of(text, "+1"):
            standing = joining.add(part, 0)
        assert standing is Standing.WHOLE
        assert text_of(joining.parts(key_of(part))) == text
        joining.passed_on(key_of(part), 0)


def test_a_text_passed_on_is_forgotten_in_the_end():
    joining = Joining()
    first, second = parts_of("a" * 200, "+1")
    joining.add(first, 0)
    joining.add(second, 0)
    joining.passed_on(key_of(first), 0)
    assert joining.add(first, REMEMBERED_S) is Standing.KNOWN
    assert joining.add(first, REMEMBERED_S + 1) is Standing.WAITING
