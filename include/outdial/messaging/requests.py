"""Cuts what is to be sent into requests as large as SQS takes; used by the dial queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from outdial.domain.dial_task import DialTask

ENTRIES_PER_REQUEST = 10
"""SQS takes no more in one batch."""

BYTES_PER_REQUEST = 256 * 1024
"""What every SQS takes, of a message and of a batch: AWS raised its own limit to 1 MiB in 2025, other
servers and queues made before then still hold to this."""

# Outside XML's characters, which is all SQS carries. JSON escapes the others by itself; these two it leaves.
_NOT_CARRIED = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


@dataclass(frozen=True)
class Entry:
    """A dial task as it goes over the wire."""

    claim_id: UUID
    contact_id: UUID
    body: str
    size: int


def to_entry(task: DialTask) -> Entry:
    """The task's entry; metadata too large for a message stays behind, since the contact's row has it."""
    entry = _written(task)
    return entry if entry.size <= BYTES_PER_REQUEST else _written(task.model_copy(update={"metadata": {}}))


def into_requests(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in order, in requests within SQS's limits."""
    request: list[Entry] = []
    size = 0
    for entry in entries:
        if len(request) == ENTRIES_PER_REQUEST or size + entry.size > BYTES_PER_REQUEST:
            yield request
            request, size = [], 0
        request.append(entry)
        size += entry.size
    if request:
        yield request


def in_tens(receipts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The receipts, as many together as one request takes."""
    for start in range(0, len(receipts), ENTRIES_PER_REQUEST):
        yield receipts[start : start + ENTRIES_PER_REQUEST]


def _written(task: DialTask) -> Entry:
    body = task.to_json().translate(_NOT_CARRIED)
    return Entry(task.claim_id, task.contact_id, body, len(body.encode()))
