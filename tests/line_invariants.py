"""What must always hold of the trunks calls went over and the numbers they came from, asked of all calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from outdial.domain.caller_ids import CallerId

WRITTEN_WITHIN = timedelta(seconds=10)
"""A begin carries the instant it was asked for, and may wait for its turn until the dialer gives it up."""


def broken_lines(calls: Sequence[dict[str, Any]]) -> list[str]:
    """Each call by the config of its time, `now`; `calls` in the order in which they began."""
    return [*_over_full_trunks(calls), *_from_wrong_numbers(calls), *_from_spent_numbers(calls)]


def _over_full_trunks(calls: Sequence[dict[str, Any]]) -> Iterator[str]:
    for n, call in enumerate(calls):
        channels = _channels_of(call)
        if channels is None:
            continue
        live = [
            other
            for other in calls[:n]
            if other["trunk"] == call["trunk"]
            and (other["ended_at"] or datetime.max.replace(tzinfo=UTC)) > call["begun_at"] + WRITTEN_WITHIN
            and (_channels_of(other) is not None or _is_long_before(other, call))
        ]
        if len(live) >= channels:
            yield f"never more calls on a trunk than channels: {len(live) + 1} > {channels} {call['call_id']}"


def _from_wrong_numbers(calls: Sequence[dict[str, Any]]) -> Iterator[str]:
    for call in calls:
        pool, shown = call["now"].caller_ids, _shown(call)
        if not pool:
            continue
        if shown is None:
            yield f"a call comes from a number of the campaign: {call['call_id']} {call['caller_id']}"
        elif shown.fit(call["regions"]) is None:
            yield f"a call comes from a number for the person's region: {call['call_id']} {shown.number}"


def _from_spent_numbers(calls: Sequence[dict[str, Any]]) -> Iterator[str]:
    for n, call in enumerate(calls):
        shown = _shown(call)
        for limit in () if shown is None else shown.limits:
            within = [
                other
                for other in calls[:n]
                if other["caller_id"] == call["caller_id"]
                and other["begun_at"] > call["begun_at"] - limit.within
                and (_is_limited(other) or _is_long_before(other, call))
            ]
            if len(within) >= limit.uses:
                yield f"no number is used more than {limit.uses} times in {limit.within}: {call['call_id']}"


def _channels_of(call: dict[str, Any]) -> int | None:
    return next((trunk.channels for trunk in call["now"].trunks if trunk.name == call["trunk"]), None)


def _shown(call: dict[str, Any]) -> CallerId | None:
    return next((one for one in call["now"].caller_ids if one.number == call["caller_id"]), None)


def _is_limited(call: dict[str, Any]) -> bool:
    shown = _shown(call)
    return shown is not None and bool(shown.limits)


def _is_long_before(other: dict[str, Any], call: dict[str, Any]) -> bool:
    return other["begun_at"] + WRITTEN_WITHIN <= call["begun_at"]
