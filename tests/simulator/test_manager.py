"""The manager interface: login, permissions, queries, what each user is shown, and how actions are read."""

from __future__ import annotations

import asyncio
import time

import pytest

from outdial.simulator.network import simulated_network
from outdial.simulator.scenario import parse_scenario


async def test_a_login_is_answered_like_asterisk_answers_it(phones) -> None:
    network = await phones()
    client = await network.connect()
    accepted = await client.log_in()
    assert list(accepted) == [
        ("Response", "Success"),
        ("ActionID", "l1"),
        ("Message", "Authentication accepted"),
    ]
    booted = await client.read()
    assert booted.names == ["Event", "Privilege", "Uptime", "LastReload", "Status"]
    assert (booted["Event"], booted["Status"]) == ("FullyBooted", "Fully Booted")


async def test_a_bad_login_is_refused_after_a_second_and_the_link_closed(phones) -> None:
    network = await phones()
    client = await network.connect()
    began_at = time.monotonic()
    refused = await client.log_in(secret="wrong")
    assert 0.9 < time.monotonic() - began_at < 3
    assert (refused["Response"], refused["Message"]) == ("Error", "Authentication failed")
    assert await client.reader.read() == b""


async def test_nothing_is_done_for_who_has_not_logged_in(phones) -> None:
    network = await phones()
    client = await network.connect()
    await client.reader.readline()
    client.originate()
    assert (await client.read())["Message"] == "Permission denied"
    assert network.network.originates == []


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            {"Action": "Nope"},
            "Invalid/unknown command: Nope. Use Action: ListCommands to show available commands.",
        ),
        ({"Action": "Command", "Command": "core show uptime"}, "Permission denied"),
        ({"ActionID": "x"}, "Missing action in request"),
        ({"Action": "Getvar", "Channel": "c1"}, "No variable specified"),
        ({"Action": "Getvar", "Channel": "c1", "Variable": "A"}, "No such channel"),
        ({"Action": "Status", "Channel": "PJSIP/trunk-*"}, "No such channel"),
        ({"Action": "Hangup"}, "No channel specified"),
        ({"Action": "Ping", "Pad": "x" * 1024}, "Failed to parse message: line too long"),
    ],
)
async def test_a_refusal_names_its_reason(phones, action, message) -> None:
    client = await (await phones()).client()
    refused = await client.ask(**action)
    assert (refused["Response"], refused["Message"]) == ("Error", message)
    assert (await client.ask(Action="Ping"))["Ping"] == "Pong"


async def test_an_action_may_arrive_in_any_portions_and_any_case(phones) -> None:
    client = await (await phones()).client()
    for byte in "action: pInG\r\nactionid: é1\r\n\r\n".encode():
        client.writer.write(bytes([byte]))
        await asyncio.sleep(0.002)
    pong = await client.read()
    assert pong.names == ["Response", "ActionID", "Ping", "Timestamp"]
    assert pong["ActionID"] == "é1"


async def test_logoff_says_goodbye(phones) -> None:
    client = await (await phones()).client()
    assert (await client.ask(Action="Logoff"))["Message"] == "Thanks for all the fish."
    assert await client.reader.read() == b""


async def test_live_calls_are_listed_with_their_ids_and_variables(phones) -> None:
    client = await (await phones()).client()
    client.originate(Variable=["CAMPAIGN_ID=42"])
    await client.until("OriginateResponse")
    await client.quiet(0.05)
    start = await client.ask(Action="CoreShowChannels", ActionID="q")
    assert (start["EventList"], start["Message"]) == ("start", "Channels will follow")
    channel = await client.read()
    assert channel.names[:2] == ["Event", "ActionID"]
    assert channel.names[-4:] == ["Application", "ApplicationData", "Duration", "BridgeId"]
    assert (channel["Uniqueid"], channel["Application"], channel["Duration"]) == ("c1", "Wait", "00:00:00")
    assert (await client.read())["ListItems"] == "1"

    await client.ask(Action="Status", ActionID="s", Variables="CAMPAIGN_ID,CALL_ID")
    status = await client.read()
    assert [value for name, value in status if name == "Variable"] == ["CAMPAIGN_ID=42", "CALL_ID=(null)"]
    assert status.names[-1] == "ActionID"
    complete = await client.read()
    assert (complete["Event"], complete["Items"]) == ("StatusComplete", "1")


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ("A=1,B=2", "B", "2"),
        ('C="x,y"', "C", "x,y"),
        ('D=Привет "мир"', "D", "Привет мир"),
        ("E=a=b;c|d", "E", "a=b;c|d"),
        (r"F=p\,q", "F", "p,q"),
        ("G=${EXTEN}", "G", "${EXTEN}"),
        ("__CALL_ID=abc-1", "CALL_ID", "abc-1"),
    ],
)
async def test_variables_are_read_as_asterisk_reads_them(phones, given, name, value) -> None:
    client = await (await phones(ring_s=5)).client()
    client.originate(Variable=["FIRST=0", given])
    await client.until("DialState")
    answer = await client.ask(Action="Getvar", Channel="c1", Variable=name)
    assert (answer["Variable"], answer["Value"]) == (name, value)


async def test_a_variable_can_be_set_on_a_live_call(phones) -> None:
    client = await (await phones(ring_s=5)).client()
    client.originate()
    await client.until("DialState")
    assert (await client.ask(Action="Setvar", Channel="c1", Variable="A", Value="7"))[
        "Message"
    ] == "Variable Set"
    assert (await client.ask(Action="Getvar", Channel="c1", Variable="A"))["Value"] == "7"


async def test_a_caller_id_keeps_its_odd_name(phones) -> None:
    client = await (await phones(ring_s=5)).client()
    client.originate(CallerID=r'"A, B \"q\"" <+15550009999>')
    caller = await client.until("NewCallerid")
    assert (caller["CallerIDNum"], caller["CallerIDName"]) == ("+15550009999", 'A, B "q"')
    assert caller["ConnectedLineNum"] == "<unknown>"
    assert (await client.until("NewConnectedLine"))["ConnectedLineNum"] == "+15550009999"


async def test_a_user_is_shown_only_their_events(phones) -> None:
    few = {"secret": "dialer", "events": ["OriginateResponse", "Hangup", "FullyBooted"]}
    network = await phones(users={"dialer": few}, outcomes={"busy": 1})
    client = await network.client()
    client.originate()
    await client.until("Hangup")
    await client.quiet()
    assert sorted(client.events) == ["Hangup", "OriginateResponse"]


async def test_events_can_be_switched_off_and_on(phones) -> None:
    client = await (await phones(outcomes={"busy": 1})).client()
    assert (await client.ask(Action="Events", EventMask="off"))["Events"] == "Off"
    client.originate("c1")
    await client.quiet()
    assert client.events == []
    assert (await client.ask(Action="Events", EventMask="on"))["Events"] == "On"
    client.originate("c2")
    await client.until("Hangup", Uniqueid="c2")


async def test_every_session_is_told_of_every_call(phones) -> None:
    network = await phones(outcomes={"busy": 1})
    placing, watching = await network.client(), await network.client()
    placing.originate()
    assert (await watching.until("Hangup"))["Uniqueid"] == "c1"


async def test_shutdown_is_announced_and_the_links_closed() -> None:
    async with simulated_network(parse_scenario({})) as network:
        reader, writer = await asyncio.open_connection(network.host, network.ami_port)
        writer.write(b"Action: Login\r\nUsername: dialer\r\nSecret: dialer\r\n\r\n")
        await reader.readuntil(b"Fully Booted\r\n\r\n")
    last = (await reader.read()).decode()
    writer.close()
    assert [line.split(":")[0] for line in last.splitlines() if line] == [
        "Event", "Privilege", "Timestamp", "Shutdown", "Restart",
    ]  # fmt: skip
    assert "Shutdown: Cleanly\r\nRestart: False\r\n" in last
