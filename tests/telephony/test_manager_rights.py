"""What the operator's configuration lets a dialer hear and do, asked of whichever telephony side."""

from __future__ import annotations

import pytest

from tests.dialer.stage import eventually
from tests.telephony.called import ANSWERS, number, rings_and_refuses
from tests.telephony.sides import TRUNK, Phones
from tests.telephony.witness import Witness, witness_of

READ_BY_THE_DIALER = {
    "Newchannel",
    "Newstate",
    "DialState",
    "DialEnd",
    "OriginateResponse",
    "HangupRequest",
    "Hangup",
}


def place(witness: Witness, call_id: str, phone: str, **more: str) -> None:
    call = {
        "Channel": f"PJSIP/{phone}@{TRUNK}",
        "ChannelId": call_id,
        "Context": "campaign-ivr",
        "Exten": "s",
    }
    witness.send(Action="Originate", Priority="1", Async="true", ActionID=call_id, **(call | more))


async def test_a_dialer_hears_of_its_calls_what_it_reads_and_nothing_else(phones: Phones):
    async with witness_of(phones.side.ami_port, "dialer") as dialer:
        place(dialer, "busy", number(rings_and_refuses(486)))
        place(dialer, "answered", number(ANSWERS), Variable="AGI_URL=agi://127.0.0.1:9/nobody")
        await eventually(lambda: len(dialer.heard("Hangup")) == 2 and not phones.witness.live)
        heard = {one.event for events in dialer.calls.values() for one in events}
    assert heard == READ_BY_THE_DIALER
    assert heard < {one.event for events in phones.witness.calls.values() for one in events}


@pytest.mark.parametrize(
    "action",
    [
        {"Action": "Command", "Command": "core show channels"},
        {"Action": "GetConfig", "Filename": "manager.conf"},
        {"Action": "UpdateConfig", "SrcFilename": "manager.conf", "DstFilename": "manager.conf"},
        {"Action": "ModuleLoad", "LoadType": "reload"},
        {"Action": "Originate", "Application": "System", "Data": "true", "Channel": f"PJSIP/1@{TRUNK}"},
        {"Action": "Originate", "Application": "AGI", "Data": "x", "Channel": f"PJSIP/1@{TRUNK}"},
        {
            "Action": "Originate",
            "Context": "elsewhere",
            "Exten": "s",
            "Priority": "1",
            "Channel": "PJSIP/1@x",
        },
    ],
    ids=lambda action: " ".join(list(action.values())[:2]),
)
async def test_a_dialer_may_not_run_commands_or_programs_or_touch_the_configuration(
    phones: Phones, action: dict[str, str]
):
    async with witness_of(phones.side.ami_port, "dialer") as dialer:
        assert (await dialer.ask(**action)).get("Response") == "Error"
        assert (await dialer.ask(Action="CoreShowChannels")).get("Response") == "Success"
    assert phones.witness.calls == {}
