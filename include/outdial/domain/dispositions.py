"""How an attempt ended, and whether that says anything about the person."""

from __future__ import annotations

from enum import StrEnum


class Disposition(StrEnum):
    """Our outcome of one attempt, beside which the raw hangup cause is kept."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    MACHINE = "machine"
    INVALID_NUMBER = "invalid_number"
    REJECTED = "rejected"
    CONGESTION = "congestion"
    TRUNK_DOWN = "trunk_down"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNKNOWN = "unknown"


UNCOUNTED = frozenset({
    Disposition.CONGESTION,
    Disposition.TRUNK_DOWN,
    Disposition.CANCELLED,
    Disposition.REFUSED,
})
"""Dispositions that say nothing about the person: they use up no attempt, but are capped."""

UNCOUNTED_CAP = 10
"""After this many uncounted originates a contact is given up: something other than luck is wrong."""
