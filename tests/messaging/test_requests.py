"""Requests stay within what every SQS takes, whatever the tasks."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import given, strategies as st

from outdial.messaging.requests import BYTES_PER_REQUEST, ENTRIES_PER_REQUEST, Entry, into_requests

SIZES = st.lists(st.integers(1, BYTES_PER_REQUEST), max_size=60)


@given(SIZES)
def test_every_entry_goes_once_in_order_and_no_request_is_too_large(sizes: list[int]) -> None:
    entries = [Entry(uuid4(), uuid4(), "{}", size) for size in sizes]
    requests = list(into_requests(entries))
    assert [entry for request in requests for entry in request] == entries
    assert all(0 < len(request) <= ENTRIES_PER_REQUEST for request in requests)
    assert all(sum(entry.size for entry in request) <= BYTES_PER_REQUEST for request in requests)


@given(st.integers(0, 200))
def test_small_entries_go_ten_together(count: int) -> None:
    entries = [Entry(uuid4(), uuid4(), "{}", 500) for _ in range(count)]
    assert len(list(into_requests(entries))) == -(-count // ENTRIES_PER_REQUEST)
