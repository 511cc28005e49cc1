"""A code says which link it is of to us alone; what we did not make is none."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, strategies as st

from outdial.domain.errors import Broken, InvalidInput
from outdial.domain.sms.link_codes import ALPHABET, CODE_LENGTH, SAMPLE_CODE, code_of, link_id_in

SECRET = b"a secret of the tests"
MOST = 2**35 - 1

ids = st.integers(1, MOST)
secrets = st.binary(min_size=16, max_size=64)
anything = st.one_of(st.text(ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH), st.text(max_size=20))


@given(ids, secrets)
def test_a_code_gives_back_its_link(link_id: int, secret: bytes):
    code = code_of(link_id, secret)

    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)
    assert link_id_in(code, secret) == link_id


def test_the_first_and_the_last_id_have_codes_and_no_other_beyond_them():
    assert [link_id_in(code_of(link_id, SECRET), SECRET) for link_id in (1, MOST)] == [1, MOST]
    for link_id in (0, -1, MOST + 1):
        with pytest.raises(Broken):
            code_of(link_id, SECRET)


@given(anything)
def test_a_made_up_code_is_none(code: str):
    # One in four milliards would be; the examples are the same in every run.
    assert link_id_in(code, SECRET) is None


@given(ids, st.integers(0, CODE_LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_code_with_another_character_is_none(link_id: int, place: int, character: str):
    code = code_of(link_id, SECRET)
    changed = code[:place] + character + code[place + 1 :]

    assert link_id_in(changed, SECRET) == (link_id if changed == code else None)


@given(ids, secrets, secrets)
def test_a_code_of_another_secret_is_none(link_id: int, one: bytes, other: bytes):
    assert link_id_in(code_of(link_id, one), other) == (link_id if one == other else None)


def test_no_code_tells_of_the_next():
    codes = [code_of(link_id, SECRET) for link_id in range(1, 2001)]
    same_as_the_next = [
        sum(a == b for a, b in zip(code, following, strict=True))
        for code, following in itertools.pairwise(codes)
    ]

    assert codes != sorted(codes)
    # Codes that have nothing to do with each other share a character of 49 at a place, 0.25 in twelve.
    assert sum(same_as_the_next) / len(same_as_the_next) < 0.4


def test_a_forged_code_must_have_every_bit_of_its_tag_right():
    # All 32 bits of the tag are compared: were one of them not, changing it would leave a code good.
    code = code_of(12345, SECRET)
    value = sum(ALPHABET.index(c) * 49**place for place, c in enumerate(reversed(code)))

    for bit in range(32):
        changed = value ^ 1 << bit
        forged = "".join(ALPHABET[changed // 49**place % 49] for place in reversed(range(CODE_LENGTH)))
        assert link_id_in(forged, SECRET) is None


def test_the_sample_leads_nowhere():
    assert len(SAMPLE_CODE) == CODE_LENGTH
    assert link_id_in(SAMPLE_CODE, SECRET) is None


@pytest.mark.parametrize("secret", [b"", b"fifteen bytes.."])
def test_a_secret_that_can_be_guessed_is_refused(secret: bytes):
    with pytest.raises(InvalidInput, match="LINKS_SECRET has"):
        code_of(1, secret)
    with pytest.raises(InvalidInput, match="LINKS_SECRET has"):
        link_id_in(code_of(1, SECRET), secret)
