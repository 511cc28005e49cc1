"""What Asterisk 22 was measured to send for each outcome of a call: events, their order, their headers."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

SNAPSHOT = [
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum",
    "ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid",
]  # fmt: skip
HEAD = ["Event", "Privilege", "Timestamp"]
DIALLED = [f"Dest{name}" for name in SNAPSHOT]
BEGINNING = ["Newchannel", "NewCallerid", "NewConnectedLine"]


async def play_out(phones, scenario, context="wait", **headers):
    """One call to its end; gives the client, which has seen everything."""
    network = await phones(**scenario)
    client = await network.client()
    client.originate(Context=context, **headers)
    await client.until("Hangup")
    await client.quiet(0.05)
    return client


def only(client, event):
    [packet] = [packet for packet in client.seen if packet.get("Event") == event]
    return packet


def end_of(client):
    hangup = only(client, "Hangup")
    return hangup["Cause"], hangup["Cause-txt"], hangup.get("TechCause")


@pytest.mark.parametrize(
    ("outcome", "dial_status", "end"),
    [
        ("busy", "BUSY", ("17", "User busy", "486")),
        ("congestion", "CONGESTION", ("34", "Circuit/channel congestion", "503")),
        ("invalid_number", "NOANSWER", ("1", "Unallocated (unassigned) number", "404")),
        ("rejected", "NOANSWER", ("21", "Call Rejected", "603")),
        ("sip_402", "NOANSWER", ("127", "Interworking, unspecified", "402")),
        ("sip_403", "NOANSWER", ("21", "Call Rejected", "403")),
        ("sip_408", "NOANSWER", ("18", "No user responding", "408")),
        ("sip_410", "NOANSWER", ("22", "Number changed", "410")),
        ("sip_480", "NOANSWER", ("19", "User alerting, no answer", "480")),
        ("sip_484", "NOANSWER", ("28", "Invalid number format", "484")),
        ("sip_487", "NOANSWER", ("127", "Interworking, unspecified", "487")),
        ("sip_488", "NOANSWER", ("58", "Bearer capability not available", "488")),
        ("sip_500", "NOANSWER", ("38", "Network out of order", "500")),
        ("sip_502", "NOANSWER", ("27", "Destination out of order", "502")),
        ("sip_600", "BUSY", ("17", "User busy", "600")),
        ("sip_604", "NOANSWER", ("1", "Unallocated (unassigned) number", "604")),
    ],
)
async def test_a_refusal_is_told_by_its_cause_and_never_by_its_reason(
    phones, outcome, dial_status, end
) -> None:
    client = await play_out(phones, {"outcomes": {outcome: 1}})
    assert end_of(client) == end
    request = only(client, "HangupRequest")
    assert (request["Cause"], request["TechCause"]) == (end[0], end[2])
    assert only(client, "DialEnd")["DialStatus"] == dial_status
    response = only(client, "OriginateResponse")
    assert (response["Response"], response["Reason"]) == ("Failure", "0")
    assert response["Channel"] == "PJSIP/15551230001@trunk"
    events = client.events
    assert events[:3] == BEGINNING
    assert set(events[-3:]) == {"DialEnd", "OriginateResponse", "Hangup"}
    assert events[-4] == "HangupRequest"
    rings = outcome == "busy"
    assert ("DialState" in events) == rings
    assert ("Newstate" in events) == rings


@pytest.mark.parametrize("outcome", ["no_answer", "dead_trunk"])
async def test_our_timeout_ends_a_call_without_dial_end_or_hangup_request(phones, outcome) -> None:
    client = await play_out(phones, {"outcomes": {outcome: 1}}, Timeout=150)
    assert end_of(client) == ("19", "User alerting, no answer", "480")
    response = only(client, "OriginateResponse")
    assert (response["Response"], response["Reason"]) == ("Failure", "3")
    assert not {"DialEnd", "HangupRequest"} & set(client.events)


@pytest.mark.parametrize(
    "scenario", [{"outcomes": {"dead_trunk": 1}}, {"trunks": [], "dead_trunks": ["trunk"]}]
)
async def test_only_the_missing_ring_tells_a_dead_trunk_from_no_answer(phones, scenario) -> None:
    client = await play_out(phones, scenario, Timeout=100)
    assert client.events[:4] == [*BEGINNING, "DialBegin"]
    assert set(client.events[4:]) == {"Hangup", "OriginateResponse"}


async def test_someone_slower_than_the_timeout_has_not_answered(phones) -> None:
    client = await play_out(phones, {"ring_s": 0.5}, Timeout=100)
    assert only(client, "OriginateResponse")["Reason"] == "3"


async def test_an_answer_is_three_events_within_a_moment(phones) -> None:
    client = await play_out(phones, {}, context="short")
    ring = client.events.index("DialEnd")
    assert client.events[:3] == BEGINNING
    assert set(client.events[3:6]) == {"DialBegin", "Newstate", "DialState"}
    assert set(client.events[6:9]) == {"Newstate", "DialEnd", "OriginateResponse"}
    assert 6 <= ring <= 8
    assert only(client, "DialEnd")["DialStatus"] == "ANSWER"
    response = only(client, "OriginateResponse")
    assert (response["Response"], response["Reason"]) == ("Success", "4")
    assert response["Channel"] == "PJSIP/trunk-00000000"
    assert client.events[9:] == ["SoftHangupRequest", "Hangup"]


@pytest.mark.parametrize(
    ("context", "scenario", "tail", "end"),
    [
        (
            "wait",
            {"patience_s": 0.1},
            ["HangupRequest", "SoftHangupRequest", "Hangup"],
            ("0", "Unknown", None),
        ),
        (
            "wait",
            {"patience_s": 0.1, "q850": 1},
            ["HangupRequest", "SoftHangupRequest", "Hangup"],
            ("16", "Normal Clearing", None),
        ),
        ("short", {}, ["SoftHangupRequest", "Hangup"], ("16", "Normal Clearing", None)),
        ("busy", {}, ["SoftHangupRequest", "Hangup"], ("17", "User busy", "486")),
        ("falls-off", {}, ["SoftHangupRequest", "Hangup"], ("0", "Unknown", None)),
    ],
)
async def test_the_cause_after_an_answer_says_who_hung_up_and_how(
    phones, context, scenario, tail, end
) -> None:
    client = await play_out(phones, scenario, context=context)
    assert client.events[9:] == tail
    assert end_of(client) == end
    assert only(client, "SoftHangupRequest")["Cause"] == "16"
    if "HangupRequest" in tail:
        assert only(client, "HangupRequest").get("Cause") == (None if end[0] == "0" else end[0])


async def test_early_media_is_progress_without_ringing(phones) -> None:
    client = await play_out(phones, {"outcomes": {"early_media": 1}}, context="short")
    assert only(client, "DialState")["DialStatus"] == "PROGRESS"
    assert [packet["ChannelStateDesc"] for packet in client.seen if packet.get("Event") == "Newstate"] == [
        "Up"
    ]


async def test_headers_stand_in_asterisks_order(phones) -> None:
    client = await play_out(phones, {"outcomes": {"busy": 1}})
    assert only(client, "Newchannel").names == HEAD + SNAPSHOT
    assert only(client, "NewCallerid").names == [*HEAD, *SNAPSHOT, "CID-CallingPres"]
    assert only(client, "DialBegin").names == [*HEAD, *DIALLED, "DialString"]
    assert only(client, "DialEnd").names == [*HEAD, *DIALLED, "DialStatus"]
    assert only(client, "Hangup").names == [*HEAD, *SNAPSHOT, "Cause", "Cause-txt", "TechCause"]
    assert only(client, "OriginateResponse").names == [
        *HEAD, "ActionID", "Response", "Channel", "Context", "Exten", "Reason", "Uniqueid", "CallerIDNum",
        "CallerIDName",
    ]  # fmt: skip


async def test_values_stand_as_asterisk_writes_them(phones) -> None:
    client = await play_out(phones, {}, context="short", CallerID=None)
    new = only(client, "Newchannel")
    assert (new["Privilege"], new["AccountCode"], new["CallerIDNum"]) == ("call,all", "", "<unknown>")
    assert (new["Context"], new["Exten"], new["ChannelStateDesc"]) == ("from-trunk", "s", "Down")
    assert new["Uniqueid"] == new["Linkedid"] == "c1"
    assert only(client, "DialBegin")["DialString"] == "15551230001@trunk"
    hangup = only(client, "Hangup")
    assert (hangup["Context"], hangup["Priority"], hangup["ChannelStateDesc"]) == ("short", "2", "Up")
    assert "NewCallerid" not in client.events
    seconds, _, micros = new["Timestamp"].partition(".")
    assert seconds.isdecimal()
    assert len(micros) == 6


async def test_an_endpoint_that_does_not_exist_makes_no_channel(phones) -> None:
    network = await phones()
    client = await network.client()
    client.originate(Channel="PJSIP/15551230001@nosuch")
    await client.until("OriginateResponse")
    seen = await client.quiet()
    assert [packet.get("Event") for packet in seen] == [None, "OriginateResponse"]
    assert (seen[1]["Response"], seen[1]["Reason"], seen[1]["Uniqueid"]) == ("Failure", "0", "c1")


async def test_a_channel_id_in_use_fails_under_the_other_calls_id(phones) -> None:
    network = await phones()
    client = await network.client()
    client.originate()
    await client.until("OriginateResponse")
    await client.quiet(0.05)
    client.seen.clear()
    client.originate(ActionID="second")
    await client.until("OriginateResponse")
    seen = await client.quiet()
    assert [packet.get("Event") for packet in seen] == [None, "OriginateResponse"]
    assert (seen[1]["ActionID"], seen[1]["Uniqueid"], seen[1]["Reason"]) == ("second", "c1", "0")
    assert network.network.live_channels == ["c1"]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Context": "nosuch"}, "Extension does not exist."),
        ({"Exten": "nosuch"}, "Extension does not exist."),
        ({"Channel": None}, "Channel not specified"),
        ({"Context": None}, "Originate with 'Exten' requires 'Context' and 'Priority'"),
        ({"Application": "AGI"}, "Originate Access Forbidden: app or data blacklisted"),
        ({"ChannelId": "x" * 150}, "Uniqueid length exceeds maximum of 149"),
    ],
)
async def test_what_asterisk_refuses_at_once_places_no_call(phones, headers, message) -> None:
    network = await phones()
    client = await network.client()
    client.originate(**headers)
    await client.read()
    seen = await client.quiet(0.15)
    assert [list(packet) for packet in seen] == [
        [("Response", "Error"), ("ActionID", "a-c1"), ("Message", message)]
    ]
    assert [seen.accepted for seen in network.network.originates] == [False]
    assert network.network.peak_live == 0


async def test_a_failed_call_without_channel_id_is_unknown(phones) -> None:
    client = await play_out(phones, {"outcomes": {"busy": 1}}, ChannelId=None)
    assert only(client, "OriginateResponse")["Uniqueid"] == "<unknown>"
    assert only(client, "Hangup")["Uniqueid"] != "<unknown>"


@pytest.mark.parametrize("by", ["c1", "PJSIP/trunk-00000000"])
async def test_a_ringing_call_can_be_hung_up_by_either_name(phones, by) -> None:
    network = await phones(ring_s=5)
    client = await network.client()
    client.originate()
    await client.until("DialState")
    assert (await client.ask(Action="Hangup", Channel=by, Cause=16))["Message"] == "Channel Hungup"
    await client.until("Hangup")
    await client.quiet(0.05)
    assert end_of(client) == ("16", "Normal Clearing", None)
    assert only(client, "DialEnd")["DialStatus"] == "NOANSWER"
    assert only(client, "OriginateResponse")["Reason"] == "0"
    assert "HangupRequest" not in client.events


async def test_an_answered_call_can_be_hung_up(phones) -> None:
    network = await phones()
    client = await network.client()
    client.originate()
    await client.until("OriginateResponse")
    await client.quiet(0.05)
    await client.ask(Action="Hangup", Channel="c1", Cause=16)
    await client.until("Hangup")
    assert client.events[-2:] == ["SoftHangupRequest", "Hangup"]
    assert end_of(client) == ("16", "Normal Clearing", None)
    missing = await client.ask(Action="Hangup", Channel="c1")
    assert (missing["Response"], missing["Message"]) == ("Error", "No such channel")


@pytest.mark.parametrize(
    ("outcome", "response", "message"),
    [("answered", "Success", "Originate successfully queued"), ("busy", "Error", "Originate failed")],
)
async def test_a_synchronous_originate_holds_its_sessions_events_back(
    phones, outcome, response, message
) -> None:
    network = await phones(outcomes={outcome: 1})
    client, other = await network.client(), await network.client()
    client.originate(Async=None, Context="short")
    await client.until("Hangup")
    await client.quiet(0.05)
    assert list(client.seen[0]) == [("Response", response), ("ActionID", "a-c1"), ("Message", message)]
    assert client.events[0] == "Newchannel"
    assert "OriginateResponse" not in client.events
    assert (await other.read())["Event"] == "Newchannel"


async def test_failure_events_race_at_the_measured_rate(phones) -> None:
    network = await phones(outcomes={"busy": 1}, refuse_s=0, seed=5)
    client = await network.client()
    calls = 2000
    for call in range(calls):
        client.originate(f"c{call}", Channel=f"PJSIP/1555{call:07}@trunk")
    first = Counter()
    seen: dict[str, str] = {}
    while len(seen) < calls:
        packet = await client.read()
        if packet.get("Event") in {"Hangup", "OriginateResponse"} and packet["Uniqueid"] not in seen:
            seen[packet["Uniqueid"]] = packet["Event"]
            first[packet["Event"]] += 1
    assert 0.17 < first["Hangup"] / calls < 0.23


async def test_answer_events_come_in_more_than_one_order(phones) -> None:
    network = await phones(ring_s=0)
    client = await network.client()
    for call in range(60):
        client.originate(f"c{call}", Channel=f"PJSIP/1555{call:07}@trunk")
    orders: dict[str, list[str]] = {}
    while sum(len(order) == 3 for order in orders.values()) < 60:
        packet = await client.read()
        call = packet.get("Uniqueid") or packet.get("DestUniqueid")
        up = packet.get("ChannelState") == "6" or packet.get("DestChannelState") == "6"
        if call and (up or packet.get("Event") == "OriginateResponse"):
            orders.setdefault(call, []).append(packet["Event"])
    found = Counter(tuple(order) for order in orders.values())
    assert len(found) == 3
    assert all(order.index("Newstate") < order.index("DialEnd") for order in found)


async def test_timestamps_never_run_backwards(phones) -> None:
    client = await play_out(phones, {}, context="short")
    stamps = [float(packet["Timestamp"]) for packet in client.seen if packet.get("Timestamp")]
    assert len(stamps) > 9
    assert all(earlier <= later for earlier, later in pairwise(stamps))
