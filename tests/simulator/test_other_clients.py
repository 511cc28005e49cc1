"""Clients nobody here wrote, many calls at once, and the same totals whatever the timing."""

from __future__ import annotations

import asyncio
from collections import Counter

from panoramisk import Manager


async def test_panoramisk_places_a_call_and_sees_it_end(phones) -> None:
    network = await phones(outcomes={"busy": 1})
    manager = Manager(
        host="127.0.0.1", port=network.network.ami_port, username="dialer", secret="dialer", ping_delay=60
    )
    logged_in, ended = asyncio.Event(), asyncio.Event()
    events = []
    manager.on_login = lambda _manager: logged_in.set()

    def note(_manager, message) -> None:
        events.append(message)
        if message.event == "Hangup":
            ended.set()

    manager.register_event("*", note)
    await manager.connect()
    async with asyncio.timeout(10):
        await logged_in.wait()
        response = await manager.send_action(
            {
                "Action": "Originate",
                "Channel": "PJSIP/+15550001@trunk",
                "Context": "wait",
                "Exten": "s",
                "Priority": "1",
                "Async": "true",
                "ChannelId": "p1",
                "Variable": ["A=1", "B=2"],
            },
            as_list=False,
        )
        assert response.success
        await ended.wait()
    manager.close()
    [hangup] = [event for event in events if event.event == "Hangup"]
    assert (hangup["Uniqueid"], hangup["Cause"], hangup["Cause-txt"]) == ("p1", "17", "User busy")


MIXED = {
    "outcomes": {"answered": 5, "busy": 2, "no_answer": 1, "invalid_number": 1, "congestion": 1},
    "ring_s": [0.02, 0.1],
    "keys": {"1": 2, "9": 1, "hangup": 1, "": 2},
    "prompt_s": 0.1,
}


async def serve_ivr(reader, writer) -> None:
    await reader.readuntil(b"\n\n")
    # Long enough that who presses a key does so in time, however busy the machine is.
    writer.write(b"GET DATA menu 4000 1\n")
    reply = await reader.readline()
    if b"-1" not in reply:
        writer.write(b"HANGUP\n")
        await reader.readline()
    writer.close()


async def run_all(phones, order, pause_s):
    """Call everybody twice, in this order and at this speed; gives who ended how."""
    network = await phones(**MIXED, seed=3)
    server = await asyncio.start_server(serve_ivr, "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    client = await network.client()
    async with server:
        for turn in range(2):
            for number in order:
                client.originate(
                    f"{number}-{turn}",
                    Channel=f"PJSIP/{number}@trunk",
                    Context="campaign-ivr",
                    Timeout=300,
                    Variable=[f"AGI_URL=agi://127.0.0.1:{port}/ivr", "AGISIGHUP=no"],
                )
                await asyncio.sleep(pause_s)
            for _ in order:
                await client.until("Hangup")
    return sorted(
        (end.channel_id, end.outcome, end.answered, end.cause, end.keys) for end in network.network.ends
    )


async def test_totals_are_the_same_whatever_order_and_pace_calls_are_placed_in(phones) -> None:
    numbers = [f"+1555{index:07}" for index in range(120)]
    quick = await run_all(phones, numbers, 0)
    slow = await run_all(phones, numbers[::-1], 0.003)
    assert quick == slow
    outcomes = Counter(outcome for _, outcome, *_ in quick)
    assert set(outcomes) == set(MIXED["outcomes"])
    assert {keys for *_, keys in quick} == {"", "1", "9"}


async def test_a_thousand_calls_at_once_all_end(phones) -> None:
    network = await phones(ring_s=[0.1, 0.3], patience_s=[2, 2.5])
    client = await network.client()
    for call in range(1000):
        client.originate(f"c{call}", Channel=f"PJSIP/1555{call:07}@trunk")
    ended = set()
    while len(ended) < 1000:
        ended.add((await client.until("Hangup"))["Uniqueid"])
    assert network.network.peak_live == 1000
    assert network.network.live_channels == []
    assert len(network.network.ends) == 1000
