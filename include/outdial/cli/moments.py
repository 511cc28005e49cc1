"""Moments as people give them to commands."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from outdial.domain.errors import InvalidInput
from outdial.domain.moments import OUT_OF_RANGE, is_in_range


def parse_moment(option: str, written: str, zone: tzinfo = UTC) -> datetime:
    """An ISO 8601 moment; without an offset it is a time on the wall clock of `zone`."""
    try:
        moment = datetime.fromisoformat(written.strip())
    except ValueError as error:
        raise InvalidInput(f"{option} {written!r} is no ISO 8601 time; write 2026-03-29T09:30:00Z") from error
    if not is_in_range(moment):
        raise InvalidInput(f"{option} {written!r}: {OUT_OF_RANGE}")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
