"""Runs the dialplan of an answered call: the steps the scenario lists for the context and exten."""

from __future__ import annotations

from outdial.simulator.agi_client import run_agi
from outdial.simulator.applications import NOT_FOUND, run_application
from outdial.simulator.call import Call
from outdial.simulator.originate import split_arguments
from outdial.simulator.scenario import parse_step


async def run_dialplan(call: Call) -> None:
    """Raises HungUpError when the line is hung up on the way; returns where the dialplan simply ends."""
    channel, request = call.channel, call.request
    if not request.application:
        channel.context, channel.exten = request.context, request.exten
    first = max(request.priority, 1)
    for priority, step in enumerate(request.steps[first - 1 :], start=first):
        channel.priority = priority
        channel.application, channel.app_data = (part for part in parse_step(step))
        channel.app_data = channel.expand(channel.app_data)
        call.line.check()
        if not await _run_step(call):
            return


async def _run_step(call: Call) -> bool:
    """False where Asterisk would give up the dialplan: an application it does not have."""
    channel = call.channel
    if channel.application.upper() == "AGI":
        url, *arguments = split_arguments(channel.app_data)
        await run_agi(call, url, arguments)
        return True
    return await run_application(call, channel.application, channel.app_data) != NOT_FOUND
