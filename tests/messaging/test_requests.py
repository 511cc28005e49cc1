"""Requests stay within what every SQS takes, whatever the tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from hypothesis import given, strategies as st

from outdial.domain.dial_task import DialTask
from outdial.messaging.requests import (
    BYTES_PER_REQUEST,
    ENTRIES_PER_REQUEST,
    Entry,
    into_requests,
    to_entry,
)

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


@given(st.text() | st.text("aõ\x00\x1f\ufffe\uffff\U0001f600"))
def test_any_metadata_is_written_in_characters_sqs_carries_and_read_back(note: str) -> None:
    task = DialTask(
        contact_id=uuid4(),
        campaign_id=uuid4(),
        phone_number="+3726000000",
        metadata={"note": note},
        attempts=0,
        timestamp=datetime(2026, 6, 15, 12, tzinfo=UTC),
        claim_id=uuid4(),
    )
    body = to_entry(task).body
    assert all(" " <= character < "\ufffe" or character > "\uffff" for character in body)
    assert DialTask.model_validate_json(body) == task
