"""The count other tests trust."""

from __future__ import annotations

from tests.pacing.starts import most_in_a_second


def test_a_second_is_half_open_and_may_begin_anywhere() -> None:
    assert most_in_a_second([]) == 0
    assert most_in_a_second([0, 1_000_000]) == 1
    assert most_in_a_second([0, 999_999]) == 2
    assert most_in_a_second([999_000, 0, 1_000_500, 1_998_999, 1_999_000]) == 3
