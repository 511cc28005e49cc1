"""What breaks on command, and the ledger that tells what really happened meanwhile."""

from __future__ import annotations

import asyncio
import json

import pytest

from outdial.simulator.ami_server import LinkDrop


async def all_ended(network, count):
    """Wait until so many calls have ended, whatever a client is told of it."""
    async with asyncio.timeout(10):
        while len(network.ends) < count:  # noqa: ASYNC110 - the judge is asked from outside, not told
            await asyncio.sleep(0.01)


async def test_dropped_links_are_reset_and_calls_go_on(phones) -> None:
    network = await phones(patience_s=1)
    client = await network.client()
    client.originate()
    await client.until("Newchannel")
    assert network.network.drop_links() == 1
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(client.reader.read(), 5)
    watching = await network.client()
    assert (await watching.until("Hangup"))["Uniqueid"] == "c1"


@pytest.mark.parametrize("answers", [False, True])
@pytest.mark.parametrize("call_proceeds", [False, True])
async def test_a_link_can_break_at_the_nth_originate(phones, answers, call_proceeds) -> None:
    network = await phones(outcomes={"busy": 1})
    client = await network.client()
    network.network.drop_link_after(LinkDrop("Originate", 2, answers, call_proceeds))
    client.originate("c1")
    await client.until("Hangup", Uniqueid="c1")
    client.seen.clear()
    client.originate("c2")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await client.until("Hangup", Uniqueid="c2")
    responses = [packet for packet in client.seen if packet.get("Response") == "Success"]
    assert bool(responses) == (answers and call_proceeds)
    await all_ended(network.network, count=1 + call_proceeds)
    called = [seen.channel_id for seen in network.network.originates]
    assert called == (["c1", "c2"] if call_proceeds else ["c1"])
    assert [end.channel_id for end in network.network.ends] == called
    again = await network.client()
    again.originate("c3")
    await again.until("Hangup", Uniqueid="c3")


async def test_an_event_can_be_lost_by_name(phones) -> None:
    network = await phones(outcomes={"busy": 1}, drop={"Hangup": 1})
    client = await network.client()
    client.originate()
    await client.until("OriginateResponse")
    await client.quiet(0.15)
    assert "Hangup" not in client.events
    network.network.drop_event("Hangup", 0)
    client.originate("c2")
    await client.until("Hangup", Uniqueid="c2")


async def test_all_events_can_stop_while_responses_go_on(phones) -> None:
    network = await phones(outcomes={"busy": 1})
    client = await network.client()
    network.network.stop_events()
    client.originate()
    await all_ended(network.network, count=1)
    await client.quiet(0.05)
    assert client.events == []
    assert (await client.ask(Action="Ping"))["Ping"] == "Pong"
    network.network.resume_events()
    client.originate("c2")
    await client.until("Hangup", Uniqueid="c2")


async def test_some_events_are_lost_where_some_are_to_be(phones) -> None:
    network = await phones(outcomes={"busy": 1}, drop={"Hangup": 0.5}, refuse_s=0)
    client = await network.client()
    for call in range(200):
        client.originate(f"c{call}", Channel=f"PJSIP/1555{call:07}@trunk")
    for _ in range(200):
        await client.until("OriginateResponse")
    await client.quiet(0.1)
    assert 60 < client.events.count("Hangup") < 140


async def test_a_frozen_link_neither_reads_nor_writes_and_then_catches_up(phones) -> None:
    network = await phones(outcomes={"sip_480": 1}, refuse_s=0.1)
    client = await network.client()
    client.originate()
    await client.until("DialBegin")
    network.network.freeze(0.5)
    client.seen.clear()
    client.write(Action="Ping")
    await client.quiet(0.3)
    assert client.seen == []
    assert [end.channel_id for end in network.network.ends] == ["c1"]
    assert (await client.until("Hangup"))["Uniqueid"] == "c1"
    await client.quiet(0.1)
    assert any(packet.get("Ping") == "Pong" for packet in client.seen)


async def test_broken_agi_leaves_the_call_to_the_dialplan(phones, agi) -> None:
    network = await phones()
    client = await network.client()
    client.originate(Context="campaign-ivr", Variable=[agi.variable])
    session = await agi.session()
    assert network.network.kill_agi() == 1
    assert await session.line() == ""
    assert (await client.until("Hangup"))["Cause"] == "16"


async def test_stray_blank_lines_can_stand_before_events(phones) -> None:
    network = await phones(outcomes={"busy": 1}, stray_crlf=1)
    client = await network.client()
    client.originate()
    async with asyncio.timeout(5):
        raw = await client.reader.readuntil(b"Cause-txt")
    assert b"\r\n\r\n\r\nEvent: " in raw


async def test_the_ledger_says_who_was_called_when_and_how_it_ended(phones, tmp_path) -> None:
    path = tmp_path / "ledger.jsonl"
    network = await phones(ledger=path, keys="1", patience_s=0.3)
    client = await network.client()
    client.originate("c1", Channel="PJSIP/+15550001@trunk")
    client.originate("c2", Context="nosuch")
    await client.until("Hangup")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [{key: value for key, value in line.items() if key != "at"} for line in lines] == [
        {"event": "originate", "channelId": "c1", "number": "+15550001", "trunk": "trunk", "accepted": True},
        {
            "event": "originate",
            "channelId": "c2",
            "number": "15551230001",
            "trunk": "trunk",
            "accepted": False,
        },
        {
            "event": "end",
            "channelId": "c1",
            "number": "+15550001",
            "outcome": "answered",
            "answered": True,
            "cause": 0,
            "keys": "",
        },
    ]
    first, _ = network.network.originates
    assert (first.channel_id, first.number, first.accepted) == ("c1", "+15550001", True)
    assert lines[0]["at"] == first.at
    assert lines[2]["at"] - first.at >= 0.3


async def test_reset_forgets_calls_and_faults(phones) -> None:
    network = await phones(outcomes={"busy": 1}, numbers={"15551230001": [{"outcome": "busy"}, {}]})
    client = await network.client()
    network.network.stop_events()
    client.originate()
    await all_ended(network.network, count=1)
    network.network.drop_link_after(LinkDrop())
    network.network.reset()
    assert network.network.originates == network.network.ends == []
    assert network.network.peak_live == 0
    client.originate("c2")
    assert (await client.until("Hangup"))["Cause"] == "17"


async def order(port, **words):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(json.dumps(words).encode() + b"\n")
    answer = json.loads(await asyncio.wait_for(reader.readline(), 5))
    writer.close()
    return answer


async def test_the_control_port_does_all_of_it_from_outside(phones, agi) -> None:
    network = await phones(control_port=0)
    port = network.network.control_port
    client = await network.client()
    client.originate(Context="campaign-ivr", Variable=[agi.variable])
    await agi.session()
    state = await order(port, command="state")
    assert state == {"ok": True, "peak": 1, "live": ["c1"], "links": 1}
    assert await order(port, command="kill_agi") == {"ok": True, "connections": 1}
    await client.until("Hangup")
    [seen] = (await order(port, command="originates"))["originates"]
    assert (seen["channel_id"], seen["number"], seen["accepted"]) == ("c1", "15551230001", True)
    [end] = (await order(port, command="ends"))["ends"]
    assert (end["channel_id"], end["cause"]) == ("c1", 16)
    assert await order(port, command="stop_events") == {"ok": True}
    assert await order(port, command="drop_event", event="Hangup", probability=0.5) == {"ok": True}
    assert await order(port, command="freeze", seconds=0.01) == {"ok": True}
    assert await order(port, command="drop_link_after", n=1, response="after", call="proceeds") == {
        "ok": True
    }
    assert await order(port, command="reset") == {"ok": True}
    assert await order(port, command="drop_links") == {"ok": True, "links": 1}


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"command": "explode"}, "no command 'explode'"),
        ({}, "command: Field required"),
        ({"command": "drop_event"}, "event must name the event"),
        ({"command": "freeze", "seconds": -1}, "seconds: "),
        ({"command": "reset", "now": True}, "now: Extra inputs"),
    ],
)
async def test_a_wrong_order_is_refused_with_its_reason(phones, words, problem) -> None:
    network = await phones(control_port=0)
    answer = await order(network.network.control_port, **words)
    assert answer["ok"] is False
    assert problem in answer["error"]
