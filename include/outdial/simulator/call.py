"""One simulated call: the parts that belong together while it lives."""

from __future__ import annotations

import asyncio

from outdial.simulator.channel import UNKNOWN, Channel
from outdial.simulator.exchange import Exchange
from outdial.simulator.line import Line
from outdial.simulator.originate import Originate
from outdial.simulator.person import Person, dice


class Call:
    """Made by `run_call` for an Originate that reached an endpoint; found in `Exchange.calls` while live."""

    def __init__(self, exchange: Exchange, request: Originate) -> None:
        nth = exchange.nth_call_to(request.number)
        self.exchange = exchange
        self.request = request
        self.races = dice(exchange.scenario.seed, request.number, nth, "races")
        self.person = Person(exchange.scenario, request.number, nth, exchange.clock())
        self.channel = _new_channel(exchange, request)
        self.line = Line(exchange, self.channel, self.person)
        self.answered_at: float | None = None  # loop time

    def hang_up_for_shutdown(self) -> None:
        """The network is being stopped. 4 is Asterisk's flag for that and no cause; the Hangup has none."""
        self.exchange.publish_channel("SoftHangupRequest", self.channel, "Cause: 4\r\n")
        self.line.hang_up(0)


def _new_channel(exchange: Exchange, request: Originate) -> Channel:
    uniqueid = request.channel_id or exchange.next_uniqueid()
    return Channel(
        name=exchange.next_channel_name(request.trunk),
        uniqueid=uniqueid,
        dial_string=request.channel.partition("/")[2],
        began_at=asyncio.get_running_loop().time(),
        variables=dict(request.variables),
    )


def take_caller_id(call: Call) -> bool:
    """Put the Originate's CallerID on the channel, both ways, as Asterisk does. False where it gave none."""
    request, channel = call.request, call.channel
    if not (request.caller_num or request.caller_name):
        return False
    channel.caller_num = request.caller_num or UNKNOWN
    channel.caller_name = request.caller_name or UNKNOWN
    return True
