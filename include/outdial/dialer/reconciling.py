"""Asks Asterisk about calls that have been silent for too long: events get lost, links break.

A call that has no channel twice in a row is over, with what is known of it.
"""

from __future__ import annotations

import asyncio

from outdial.dialer.ami import AmiLink
from outdial.dialer.live_calls import ASK_EVERY_S, LiveCall, LiveCalls
from outdial.domain.errors import Unavailable
from outdial.storage.cancellation import raise_if_cancelled
from outdial.telemetry.logs import get_logger

LOOK_EVERY_S = 0.5
SECOND_LOOK_S = 1.0
MISSES = 2
"""An originate just accepted has no channel for a millisecond or two; twice without one is the end."""

log = get_logger(__name__)


async def run_reconciling(link: AmiLink, live: LiveCalls) -> None:
    """Look for overdue calls until cancelled; while the link is down they wait."""
    while True:
        raise_if_cancelled()
        await asyncio.sleep(LOOK_EVERY_S)
        overdue = live.overdue()
        if overdue and link.connected:
            try:
                channels = await link.live_channels()
            except Unavailable as error:
                log.warning("cannot ask Asterisk for its channels", reason=str(error))
                continue
            for call in overdue:
                _judge(call, channels, live)


def _judge(call: LiveCall, channels: dict[str, str], live: LiveCalls) -> None:
    now = asyncio.get_running_loop().time()
    if call.call_id in channels:
        call.misses = 0
        call.check_at = now + ASK_EVERY_S
        if channels[call.call_id] == "Up":
            live.on_answered(call)
        return
    call.misses += 1
    call.check_at = now + SECOND_LOOK_S
    if call.misses >= MISSES:
        # A failure whose Hangup never comes is the ordinary end of a call through an unknown endpoint.
        lost = call.progress.reason is None and call.progress.ended_at is None
        live.end(call, "its end was not seen" if lost else None)
