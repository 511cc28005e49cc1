"""Whose turn it is among a campaign's trunks."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest
from hypothesis import given, strategies as st

from outdial.domain.trunks import Trunk, TrunkTurns, shares_of

_shares = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), min_size=1)


def trunks(**weights: float) -> list[Trunk]:
    return [Trunk(name=name, weight=weight) for name, weight in weights.items()]


def turns(shares: dict[str, float], n: int) -> str:
    taken = TrunkTurns()
    return "".join(taken.take(shares) for _ in range(n))


def test_trunks_of_equal_weight_are_taken_one_after_the_other() -> None:
    assert turns({"a": 1, "b": 1, "c": 1}, 7) == "abcabca"


def test_a_heavy_trunk_is_mixed_with_the_others_and_not_used_in_a_row() -> None:
    taken = turns({"a": 5, "b": 1, "c": 1}, 14)

    assert Counter(taken) == {"a": 10, "b": 2, "c": 2}
    assert max(len(list(run)) for _, run in groupby(taken)) <= 4
    assert taken[:7] == taken[7:]


@given(_shares)
def test_each_trunk_gets_its_share_in_every_round(shares: dict[str, int]) -> None:
    assert Counter(turns(shares, sum(shares.values()))) == shares


@given(st.lists(_shares, min_size=1, max_size=30))
def test_whatever_shares_become_only_trunks_that_have_one_are_taken(changing: list[dict[str, int]]) -> None:
    taken = TrunkTurns()
    assert all(taken.take(shares) in shares for shares in changing)


@pytest.mark.parametrize(
    ("weights", "health", "shares"),
    [
        ({"a": 1, "b": 2}, {}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"b": 0.25}, {"a": 1, "b": 0.5}),
        ({"a": 1, "b": 2}, {"a": 0}, {"b": 2}),
        ({"a": 1, "b": 2}, {"a": 0, "b": 0}, {}),
        # c stands by: unused while a or b takes calls, and used when both fail or are full.
        ({"a": 1, "b": 2, "c": 0}, {"a": 0.05}, {"a": 0.05, "b": 2}),
        ({"a": 1, "b": 2, "c": 0}, {"a": 0, "b": 0}, {"c": 2}),
        ({"a": 1, "b": 2, "c": 0}, {"a": 0, "b": 0.05}, {"b": 0.1, "c": 2}),
        ({"a": 1, "c": 0, "d": 0}, {"a": 0, "d": 0.5}, {"c": 1, "d": 0.5}),
        ({"a": 1, "c": 0}, {"a": 0, "c": 0}, {}),
    ],
)
def test_calls_are_shared_by_weight_and_health_and_who_stands_by_steps_in_last(
    weights, health, shares
) -> None:
    assert shares_of(trunks(**weights), health) == shares
