"""Listening who picked up and leaving a message: what Asterisk is told, and what its answers come to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from psycopg import OperationalError

from outdial.dialer import answering as answering_room
from outdial.dialer.agi_server import serve_agi
from outdial.dialer.agi_session import AgiSession, CallerHungUp
from outdial.dialer.answering import Answering, MessageEffects, amd_arguments, find_out_who, leave_message
from outdial.domain.answering_machines import AnsweringMachines, MachineMessage, WhoAnswered
from outdial.domain.errors import InvalidInput
from tests.ivr.asterisk_side import peer

AMD = AnsweringMachines(
    machine="leave_message", message_url="storage:message.wav", message_after_silence_ms=1500
)
LISTEN = f'EXEC "AMD" "{amd_arguments(AMD)}"'
ASK = 'GET FULL VARIABLE "${AMDSTATUS} ${AMDCAUSE}"'
WAIT = ('EXEC "WaitForSilence" "1500,1,45"', "200 result=0")
SILENT = ('GET VARIABLE "WAITSTATUS"', "200 result=1 (SILENCE)")
PLAY = 'STREAM FILE "http://dialer/message.wav" "0123456789*#"'
LAST_CHANCE = ("WAIT FOR DIGIT 2000", "200 result=0")


class Outside:
    """The database and the shelf, as a message meets them."""

    def __init__(self, *failures: Exception, may: bool = True) -> None:
        self.failures = list(failures)
        self.may = may
        self.began = 0

    async def may_leave(self) -> bool:
        if self.failures:
            raise self.failures.pop()
        return self.may

    async def note_begins(self) -> bool:
        self.began += 1
        return True

    async def locate(self, audio: object) -> str:
        if audio != AMD.message_url:
            raise InvalidInput("is not there")
        return "http://dialer/message.wav"


async def met(
    script: Sequence[tuple[str, str]],
    outside: Outside | None = None,
    amd: AnsweringMachines = AMD,
    pressed: str = "",
) -> Answering:
    """What is known once Asterisk has answered as in `script`; `pressed` is told of by the manager."""
    known: asyncio.Future[Answering] = asyncio.get_running_loop().create_future()
    at = outside or Outside()

    async def on_session(session: AgiSession) -> None:
        answering = Answering()
        for key in pressed:
            answering.take_key(key)
        try:
            await find_out_who(session, amd, answering)
            if answering.who is WhoAnswered.MACHINE:
                effects = MessageEffects(at.may_leave, at.note_begins, at.locate)
                await leave_message(session, amd, answering, effects)
        except CallerHungUp:
            pass
        known.set_result(answering)

    async with serve_agi("127.0.0.1", 0, on_session) as server, peer(server.port) as asterisk:
        await asterisk.follow(script)
        return await known


def heard(status: str) -> list[tuple[str, str]]:
    return [(LISTEN, "200 result=0"), (ASK, f"200 result=1 ({status})")]


MACHINE = heard("MACHINE LONGGREETING-1200-1200")


def test_thresholds_stand_in_the_order_in_which_asterisk_takes_them():
    amd = AnsweringMachines.model_validate({
        "initialSilenceMs": 1001, "greetingMs": 1002, "afterGreetingSilenceMs": 1003, "totalAnalysisMs": 1004,
        "minimumWordMs": 1005, "betweenWordsSilenceMs": 1006, "maximumWords": 7, "silenceThreshold": 1008,
        "maximumWordMs": 1009,
    })  # fmt: skip
    assert amd_arguments(amd) == "1001,1002,1003,1004,1005,1006,7,1008,1009"


@pytest.mark.parametrize("not_sure", list(WhoAnswered))
@pytest.mark.parametrize("status", ["NOTSURE TOOLONG-1700", "NOTSURE NOAUDIODATA-0", " "])
async def test_doubt_is_what_the_campaign_says(not_sure: WhoAnswered, status: str) -> None:
    amd = AMD.model_copy(update={"not_sure": not_sure, "message_url": None})
    answering = await met(heard(status), amd=amd)
    assert (answering.who, answering.detected) == (not_sure, status.strip())


async def test_where_asterisk_cannot_listen_everybody_is_spoken_to() -> None:
    doubtful = AMD.model_copy(update={"not_sure": WhoAnswered.MACHINE})
    answering = await met([(LISTEN, "200 result=-2")], amd=doubtful)
    assert (answering.who, answering.detected) == (WhoAnswered.PERSON, None)


async def test_nobody_is_taken_for_a_machine_who_has_pressed_a_key() -> None:
    answering = await met(MACHINE, pressed="5")
    assert (answering.who, answering.detected) == (WhoAnswered.PERSON, "MACHINE LONGGREETING-1200-1200")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("200 result=0 endpos=12000", MachineMessage.LEFT),
        ("200 result=0 endpos=0", MachineMessage.UNPLAYED),
    ],
)
async def test_a_message_that_could_not_be_heard_was_not_left(reply: str, message: MachineMessage) -> None:
    outside = Outside()
    answering = await met([*MACHINE, WAIT, SILENT, (PLAY, reply), LAST_CHANCE], outside)
    assert (answering.message, outside.began) == (message, 1)


async def test_a_greeting_without_end_gets_no_message() -> None:
    outside = Outside()
    answering = await met([*MACHINE, WAIT, ('GET VARIABLE "WAITSTATUS"', "200 result=1 (TIMEOUT)")], outside)
    assert (answering.who, answering.message, outside.began) == (WhoAnswered.MACHINE, None, 0)


@pytest.mark.parametrize(
    "outside", [Outside(may=False), Outside(OperationalError("gone")), Outside(TimeoutError())]
)
async def test_no_message_is_left_that_may_have_been_left_before(outside: Outside) -> None:
    assert (await met(MACHINE, outside)).message is None


async def test_a_message_that_is_nowhere_is_not_waited_for() -> None:
    lost = AMD.model_copy(update={"message_url": "storage:lost.wav"})
    assert (await met(MACHINE, amd=lost)).message is None


async def test_a_key_of_which_the_manager_tells_late_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering_room, "LATE_KEY_S", 0.1)
    answering = Answering()
    with answering.told_of_keys():
        pass
    await asyncio.sleep(0.05)
    answering.take_key("9")
    await asyncio.sleep(0.1)
    answering.take_key("5")
    assert (answering.keys, answering.wants_out) == ("9", True)
