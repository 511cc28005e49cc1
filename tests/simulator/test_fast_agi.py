"""FastAGI: what an answered call's server is told, how its commands are answered, and what a hang-up does."""

from __future__ import annotations

import asyncio

import pytest

ENVIRONMENT = [
    "network", "network_script", "request", "channel", "language", "type", "uniqueid", "version", "callerid",
    "calleridname", "callingpres", "callingani2", "callington", "callingtns", "dnid", "rdnis", "context",
    "extension", "priority", "enhanced", "accountcode", "threadid",
]  # fmt: skip


async def call(phones, agi, *, variables=(), **scenario):
    """An answered call and its FastAGI session."""
    network = await phones(**scenario)
    client = await network.client()
    client.originate(Context="campaign-ivr", Variable=[agi.variable, "CAMPAIGN_ID=42", *variables])
    return network.network, client, await agi.session()


async def test_the_environment_stands_in_asterisks_order(phones, agi) -> None:
    _, _, session = await call(phones, agi)
    names = [line.split(":")[0].removeprefix("agi_") for line in session.environment]
    assert names == ENVIRONMENT
    told = dict(line.split(": ", 1) for line in session.environment)
    assert told["agi_network_script"] == "ivr"
    assert told["agi_request"] == f"agi://127.0.0.1:{agi.port}/ivr"
    assert (told["agi_uniqueid"], told["agi_context"], told["agi_type"]) == ("c1", "campaign-ivr", "PJSIP")
    assert (told["agi_callerid"], told["agi_calleridname"]) == ("15550009999", "Campaign")


async def test_arguments_of_the_dialplan_are_handed_on(phones, agi) -> None:
    network = await phones(dialplan={"args": {"s": ["AGI(${AGI_URL},one,${CAMPAIGN_ID})"]}})
    client = await network.client()
    client.originate(Context="args", Variable=[agi.variable, "CAMPAIGN_ID=42"])
    session = await agi.session()
    assert session.environment[-2:] == ["agi_arg_1: one", "agi_arg_2: 42"]


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("ANSWER", "200 result=0"),
        ("NOOP", "200 result=0"),
        ('VERBOSE "hello there" 3', "200 result=1"),
        ("GET VARIABLE CAMPAIGN_ID", "200 result=1 (42)"),
        ("GET VARIABLE NOT_SET", "200 result=0"),
        ('GET FULL VARIABLE "${CAMPAIGN_ID}/${EXTEN}"', "200 result=1 (42/s)"),
        ("set variable A b", "200 result=1"),
        ("CHANNEL STATUS", "200 result=6"),
        ("CHANNEL STATUS PJSIP/nobody", "200 result=-1"),
        ("EXEC Wait 0.01", "200 result=0"),
        ("EXEC NoSuchApplication x", "200 result=-2"),
        ("STREAM FILE missing 1", "200 result=-1 endpos=0"),
        ("GET DATA missing 100", "200 result=-1"),
        ('STREAM FILE "" ""', "200 result=0 endpos=0"),
        ("WAIT FOR DIGIT 20", "200 result=0"),
        ("GET DATA short 20", "200 result= (timeout)"),
        ("DANCE", "510 Invalid or unknown command"),
        ("STREAM", "510 Invalid or unknown command"),
    ],
)
async def test_commands_are_answered_as_asterisk_answers_them(phones, agi, command, reply) -> None:
    _, _, session = await call(phones, agi, missing_audio=["missing"])
    answer = await session.send(command)
    if reply.endswith("endpos=0") and answer.startswith("200 result=0"):
        assert int(answer.partition("endpos=")[2]) < 800
    else:
        assert answer == reply


async def test_wrong_arguments_are_answered_in_several_lines(phones, agi) -> None:
    _, _, session = await call(phones, agi)
    assert await session.send("WAIT FOR DIGIT") == "520-Invalid command syntax.  Proper usage follows:"
    lines = [await session.line()]
    while not lines[-1].startswith("520 "):
        lines.append(await session.line())
    assert lines[-1] == "520 End of proper usage."
    assert await session.send("NOOP") == "200 result=0"


async def test_a_prompt_plays_for_its_length(phones, agi) -> None:
    _, _, session = await call(phones, agi, prompts={"long": 0.4})
    reply = await session.send('STREAM FILE long ""')
    assert 3000 < int(reply.removeprefix("200 result=0 endpos=")) < 6000


async def test_a_key_cuts_a_prompt_short(phones, agi) -> None:
    _, client, session = await call(phones, agi, keys="5", barge_in=1, prompt_s=5)
    reply = await session.send('STREAM FILE hello "159"')
    assert reply.startswith("200 result=53 endpos=")
    assert int(reply.partition("endpos=")[2]) < 8000
    begin, end = await client.until("DTMFBegin"), await client.until("DTMFEnd")
    assert begin.names[-2:] == ["Digit", "Direction"]
    assert end.names[-3:] == ["Digit", "DurationMs", "Direction"]
    assert (end["Digit"], end["DurationMs"], end["Direction"]) == ("5", "280", "Received")


async def test_a_key_the_prompt_does_not_accept_is_lost(phones, agi) -> None:
    _, client, session = await call(phones, agi, keys="5", barge_in=1)
    assert (await session.send('STREAM FILE hello "19"')).startswith("200 result=0 ")
    await client.until("DTMFEnd", Digit="5")
    assert await session.send("WAIT FOR DIGIT 300") == "200 result=0"


async def test_sip_info_shows_only_the_keys_end(phones, agi) -> None:
    _, client, session = await call(phones, agi, keys="5", dtmf="info")
    assert await session.send("WAIT FOR DIGIT 2000") == "200 result=53"
    assert (await client.until("DTMFEnd"))["DurationMs"] == "160"
    assert "DTMFBegin" not in client.events


@pytest.mark.parametrize("barge_in", [0, 1])
@pytest.mark.parametrize(
    ("command", "keys", "reply"),
    [
        ("GET DATA hello 1500", "12#", "200 result=12"),
        ("GET DATA hello 2000 2", "12", "200 result=12"),
        ("GET DATA hello 500", "7", "200 result=7 (timeout)"),
        ("GET DATA hello 1500", "#", "200 result="),
        ("GET DATA hello 500", "", "200 result= (timeout)"),
    ],
)
async def test_get_data_collects_keys_from_the_prompt_on(phones, agi, command, keys, reply, barge_in) -> None:
    _, _, session = await call(phones, agi, keys=keys, barge_in=barge_in)
    assert await session.send(command) == reply


async def test_who_lets_the_menu_end_still_presses_in_the_wait_after_it(phones, agi) -> None:
    _, _, session = await call(phones, agi, keys="12")
    assert (await session.send('STREAM FILE short "12"')).startswith("200 result=0")
    assert await session.send("WAIT FOR DIGIT 2000") == "200 result=49"
    assert await session.send("WAIT FOR DIGIT 2000") == "200 result=50"
    assert await session.send("WAIT FOR DIGIT 100") == "200 result=0"


@pytest.mark.parametrize("command", ["GET OPTION short 1 2000", "CONTROL STREAM FILE hello 1"])
async def test_other_prompts_take_keys_too(phones, agi, command) -> None:
    _, _, session = await call(phones, agi, keys="1", barge_in=1)
    assert (await session.send(command)).startswith("200 result=49 endpos=")


async def test_each_prompt_is_answered_afresh(phones, agi) -> None:
    _, _, session = await call(phones, agi, numbers={"1555*": {"keys": ["1", "", "9"]}})
    assert await session.send("GET DATA hello 500 1") == "200 result=1"
    assert await session.send("GET DATA hello 500 1") == "200 result= (timeout)"
    assert await session.send("GET DATA hello 500 1") == "200 result=9"


async def test_a_machine_presses_nothing(phones, agi) -> None:
    network, client, session = await call(phones, agi, outcomes={"machine": 1}, keys="1", machine_s=1)
    assert await session.send("GET DATA short 300 1") == "200 result= (timeout)"
    assert await session.send("WAIT FOR DIGIT 5000") == "200 result=-1"
    session.close()
    await client.until("Hangup")
    assert [end.outcome for end in network.ends] == ["machine"]


async def test_a_user_event_reaches_the_manager(phones, agi) -> None:
    _, client, session = await call(phones, agi)
    assert await session.send('EXEC UserEvent "IvrDone,Step: x,CampaignId: ${CAMPAIGN_ID}"') == "200 result=0"
    event = await client.until("UserEvent")
    assert event["Privilege"] == "user,all"
    assert event.names[-3:] == ["UserEvent", "Step", "CampaignId"]
    assert (event["UserEvent"], event["CampaignId"]) == ("IvrDone", "42")


async def test_agi_hangup_ends_with_cause_0(phones, agi) -> None:
    _, client, session = await call(phones, agi, variables=["AGISIGHUP=no"])
    await client.until("OriginateResponse")
    await client.quiet(0.05)
    client.seen.clear()
    assert await session.send("HANGUP") == "200 result=1"
    assert await session.send("ANSWER") == "511 Command Not Permitted on a dead channel or intercept routine"
    assert await session.send("GET VARIABLE CAMPAIGN_ID") == "200 result=1 (42)"
    session.close()
    hangup = await client.until("Hangup")
    assert client.events == ["SoftHangupRequest", "SoftHangupRequest", "Hangup"]
    assert [packet["Cause"] for packet in client.seen] == ["32", "16", "0"]
    assert hangup["Cause-txt"] == "Unknown"


async def test_a_hang_up_is_a_line_of_its_own_unless_the_call_forbids_it(phones, agi) -> None:
    _, _, session = await call(phones, agi, patience_s=0.1)
    assert await session.line() == "HANGUP"
    assert await session.send("NOOP") == "200 result=0"


async def test_a_command_that_waits_ends_with_the_call(phones, agi) -> None:
    _, _, session = await call(phones, agi, patience_s=0.1)
    assert await session.send("WAIT FOR DIGIT 9000") == "200 result=-1"
    assert await session.line() == "HANGUP"
    assert await session.send("STREAM FILE hello 1") == (
        "511 Command Not Permitted on a dead channel or intercept routine"
    )


async def test_agisighup_no_keeps_replies_in_step(phones, agi) -> None:
    _, _, session = await call(phones, agi, patience_s=0.1, variables=["AGISIGHUP=no"])
    assert (await session.send("STREAM FILE hello 1")).startswith("200 result=-1 endpos=")
    assert await session.send("NOOP") == "200 result=0"


async def test_a_dead_call_ends_only_when_its_server_lets_go(phones, agi) -> None:
    network, client, session = await call(phones, agi, patience_s=0.1)
    await client.until("HangupRequest")
    await client.quiet(0.2)
    assert "Hangup" not in client.events
    assert network.live_channels == ["c1"]
    session.close()
    assert (await client.until("Hangup"))["Cause"] == "0"
    assert network.live_channels == []


async def test_a_server_that_closes_leaves_the_call_to_the_dialplan(phones, agi) -> None:
    _, client, session = await call(phones, agi)
    session.close()
    assert (await client.until("Hangup"))["Cause"] == "16"


async def test_a_refused_connection_leaves_the_call_to_the_dialplan(phones) -> None:
    client = await (await phones()).client()
    client.originate(Context="campaign-ivr", Variable=["AGI_URL=agi://127.0.0.1:1/ivr"])
    assert (await client.until("Hangup"))["Cause"] == "16"
    assert (await client.quiet(0.05))[-1]["Event"] == "Hangup"


async def test_the_manager_can_end_a_call_in_its_ivr(phones, agi) -> None:
    _, client, session = await call(phones, agi, keys="1", variables=["AGISIGHUP=no"])
    waiting = asyncio.create_task(session.send("GET DATA short 9000"))
    await client.until("DTMFEnd")
    await client.ask(Action="Hangup", Channel="c1", Cause=16)
    assert await waiting == "200 result=-1"
    session.close()
    assert (await client.until("Hangup"))["Cause"] == "16"


async def test_a_transfer_ends_the_call_when_the_agent_hangs_up(phones, agi) -> None:
    transfer = {"ring_s": 0.01, "talk_s": 0.05}
    _, client, session = await call(phones, agi, transfer=transfer, variables=["AGISIGHUP=no"])
    assert await session.send("EXEC Dial PJSIP/agent@trunk,20") == "200 result=-1"
    assert await session.send("GET VARIABLE DIALSTATUS") == "200 result=1 (ANSWER)"
    session.close()
    assert (await client.until("Hangup"))["Cause"] == "0"


async def test_a_transfer_nobody_takes_goes_on(phones, agi) -> None:
    transfer = {"status": "NOANSWER", "ring_s": 0.01}
    _, _, session = await call(phones, agi, transfer=transfer)
    assert await session.send("EXEC Dial PJSIP/agent@trunk,20") == "200 result=0"
    assert await session.send("GET VARIABLE DIALSTATUS") == "200 result=1 (NOANSWER)"


@pytest.mark.parametrize(("outcome", "status"), [("answered", "HUMAN"), ("machine", "MACHINE")])
async def test_amd_tells_people_from_machines(phones, agi, outcome, status) -> None:
    _, _, session = await call(phones, agi, outcomes={outcome: 1}, machine_s=9)
    assert await session.send("EXEC AMD") == "200 result=0"
    assert await session.send("GET VARIABLE AMDSTATUS") == f"200 result=1 ({status})"
