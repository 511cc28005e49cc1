"""The manager link against the simulated network: nothing goes out twice, silence is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from pydantic import SecretStr

from outdial.dialer.ami import AmiAddress, AmiLink, Answer, Originate
from outdial.dialer.ami_wire import AmiMessage
from outdial.domain.errors import Unavailable
from outdial.simulator.ami_server import LinkDrop
from outdial.simulator.network import SimulatedNetwork, simulated_network
from tests.dialer.stage import a_scenario, eventually


@asynccontextmanager
async def linked(
    network: SimulatedNetwork, events: list[AmiMessage], secret: str = "dialer"
) -> AsyncIterator[AmiLink]:
    """A link that is kept up while the block runs."""
    link = AmiLink(AmiAddress("127.0.0.1", network.ami_port, "dialer", SecretStr(secret)), events.append)
    task = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def network() -> AsyncIterator[SimulatedNetwork]:
    """Telephones that ring for a while before anybody answers."""
    async with simulated_network(a_scenario(ring_s=5)) as network:
        yield network


def a_call(call_id: str = "call-1", number: str = "+12025550001", **changes: object) -> Originate:
    return Originate(call_id, number, "trunk", 20, **changes)  # pyright: ignore[reportArgumentType]


async def test_an_accepted_originate_is_live_until_it_is_hung_up(network: SimulatedNetwork):
    events: list[AmiMessage] = []
    async with linked(network, events) as link:
        await eventually(lambda: link.connected)

        assert (await link.originate(a_call(caller_id="+12025550100"))).answer is Answer.ACCEPTED

        async def is_ringing() -> bool:
            return await link.live_channels() == {"call-1": "Ringing"}

        await eventually(is_ringing)
        assert await link.hangup("call-1")
        await eventually(lambda: any(event["Event"] == "Hangup" for event in events))
        # OriginateResponse reaches us too, which panoramisk by default keeps from everybody.
        await eventually(lambda: any(event["Event"] == "OriginateResponse" for event in events))
        assert not await link.hangup("call-1")


async def test_what_asterisk_refuses_is_told_in_its_own_words(network: SimulatedNetwork):
    async with linked(network, []) as link:
        await eventually(lambda: link.connected)
        refused = await link.originate(a_call(context="nowhere"))
        assert refused.answer is Answer.REFUSED
        assert "does not exist" in refused.message


async def test_an_asterisk_that_is_being_stopped_is_no_link_and_takes_no_call(network: SimulatedNetwork):
    async with linked(network, []) as link, linked(network, []) as idle:
        await eventually(lambda: link.connected and idle.connected)
        network.begin_shutdown()

        assert (await link.originate(a_call())).answer is Answer.UNSENT

        await eventually(lambda: not link.connected, within_s=1)
        await eventually(lambda: not idle.connected)
        await asyncio.sleep(1.5)
        assert not link.connected
        assert not idle.connected
        assert network.originates == []


async def test_a_line_end_in_a_value_starts_no_action(network: SimulatedNetwork):
    injected = "x\r\n\r\nAction: Originate\r\nChannel: PJSIP/+12025550009@trunk\r\nContext: campaign-ivr"
    variables = {"NOTE": injected + "\r\nExten: s\r\nPriority: 1\r\nAsync: true", "LIST": "a,b"}
    async with linked(network, []) as link:
        await eventually(lambda: link.connected)
        assert (await link.originate(a_call(variables=variables))).answer is Answer.ACCEPTED
        await link.live_channels()
        assert [seen.number for seen in network.originates] == ["+12025550001"]


async def test_nothing_is_sent_while_the_link_is_down_nor_after_it_is_back(network: SimulatedNetwork):
    async with linked(network, []) as link:
        await eventually(lambda: link.connected)
        network.drop_links()
        await eventually(lambda: not link.connected)

        assert (await link.originate(a_call())).answer is Answer.UNSENT

        await eventually(lambda: link.connected)
        await link.live_channels()
        assert network.originates == []


@pytest.mark.parametrize("proceeds", [True, False])
async def test_an_originate_whose_reply_was_lost_is_unknown_and_never_sent_again(
    network: SimulatedNetwork, proceeds: bool
):
    async with linked(network, []) as link:
        await eventually(lambda: link.connected)
        network.drop_link_after(LinkDrop(call_proceeds=proceeds))

        assert (await link.originate(a_call())).answer is Answer.UNKNOWN

        await eventually(lambda: link.connected)
        assert ("call-1" in await link.live_channels()) == proceeds
        assert len(network.originates) == int(proceeds)


async def test_a_peer_that_froze_is_noticed_and_left(network: SimulatedNetwork):
    async with linked(network, []) as link:
        await eventually(lambda: link.connected)
        network.freeze(12)
        await eventually(lambda: not link.connected, within_s=20)
        await eventually(lambda: link.connected, within_s=30)
        assert await link.live_channels() == {}


async def test_a_refused_login_is_no_link(network: SimulatedNetwork):
    async with linked(network, [], secret="wrong") as link:
        await asyncio.sleep(1.5)
        assert not link.connected
        with pytest.raises(Unavailable):
            await link.live_channels()


async def test_a_closed_link_does_not_come_back(network: SimulatedNetwork):
    async with linked(network, []) as link:
        await eventually(lambda: link.connected)
    await eventually(lambda: network.links == 0)
    await asyncio.sleep(1.5)
    assert network.links == 0
    assert not link.connected
