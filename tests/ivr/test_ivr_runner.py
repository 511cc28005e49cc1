"""A flow spoken on a call: what Asterisk is told, what keys do, and what remains when things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from outdial.dialer import ivr_runner, ivr_voice
from outdial.dialer.agi_server import serve_agi
from outdial.dialer.agi_session import AgiSession
from outdial.dialer.ivr_runner import CallContext, IvrEffects, IvrResult, OptOutLost, run_walk
from outdial.domain.errors import InvalidInput, OutdialError, Unavailable
from outdial.domain.ivr.actions import Recording
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.speech import Prompt, Speech
from outdial.domain.ivr.steps import Performed
from outdial.domain.ivr.walk import begin_walk
from tests.ivr.asterisk_side import DEAD, Peer, peer
from tests.ivr.flows import appeal

CALL = CallContext("call-1", "trunk-a", {"language": "he"})
ALL = "0123456789*#"
WELCOME = ('STREAM FILE "http://audio.test/welcome.wav" "9"', "200 result=0 endpos=8000")
THANKS = ('STREAM FILE "thanks" "9"', "200 result=0 endpos=8000")
GOODBYE = ('STREAM FILE "goodbye" "9"', "200 result=0 endpos=8000")
LISTEN = ("WAIT FOR DIGIT 2000", "200 result=0")
HANGUP = ("HANGUP", "200 result=1")


def choose(key: str) -> tuple[str, str]:
    """The menu's prompt, stopped by `key`."""
    return (f'STREAM FILE "choose" "{ALL}"', f"200 result={ord(key)} endpos=400")


@dataclass
class Effects:
    """Remembers what was done outside the call; each failure in `fail` is raised once."""

    done: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    fail: list[Exception] = field(default_factory=list[Exception])
    located: list[str] = field(default_factory=list[str])
    speaking_takes_s: float = 0
    recorded: Performed = field(default_factory=Performed)

    async def opt_out(self, reason: str) -> None:
        self._note("opt_out", reason)

    async def send_sms(self, parameters: Mapping[str, Any]) -> None:
        self._note("send_sms", parameters)

    async def donate(self, parameters: Mapping[str, Any]) -> None:
        self._note("donate", parameters)

    async def webhook(self, parameters: Mapping[str, Any]) -> None:
        self._note("webhook", parameters)

    async def record(self, session: AgiSession, node_id: str, recording: Recording) -> Performed:
        self._note("record", (node_id, recording))
        await session.exec("AudioSocket", "key,address")
        return self.recorded

    async def locate(self, audio: Prompt) -> str:
        self.located.append(str(audio))
        if isinstance(audio, Speech):
            return await self.speak(audio)
        if audio.startswith("storage:lost"):
            raise InvalidInput("is not there")
        return audio.removeprefix("sound:").replace("storage:", "http://dialer.test/audio/")

    async def speak(self, speech: Speech) -> str:
        await asyncio.sleep(self.speaking_takes_s)
        if "silence" in speech.text:
            raise Unavailable("the engine is away")
        return f"http://dialer.test/audio/{speech.text.lower()}.wav"

    def _note(self, name: str, detail: object) -> None:
        if self.fail:
            raise self.fail.pop(0)
        self.done.append((name, detail))

    @property
    def given(self) -> IvrEffects:
        return IvrEffects(
            opt_out=self.opt_out,
            send_sms=self.send_sms,
            donate=self.donate,
            webhook=self.webhook,
            record=self.record,
            locate=self.locate,
        )


@asynccontextmanager
async def on_call(
    flow: IvrFlow, effects: IvrEffects
) -> AsyncGenerator[tuple[Peer, asyncio.Future[IvrResult]]]:
    """A call with `flow` running on it, and what will come of it."""
    outcome: asyncio.Future[IvrResult] = asyncio.get_running_loop().create_future()

    async def on_session(session: AgiSession) -> None:
        try:
            outcome.set_result(await run_walk(session, begin_walk(flow, CALL.metadata), CALL, effects))
        except OutdialError as error:
            outcome.set_exception(error)

    async with serve_agi("127.0.0.1", 0, on_session) as server, peer(server.port) as asterisk:
        yield asterisk, outcome


async def spoken(flow: IvrFlow, effects: Effects, script: Sequence[tuple[str, str]]) -> IvrResult:
    """The result of a call on which Asterisk sees exactly `script`."""
    async with on_call(flow, effects.given) as (asterisk, outcome):
        await asterisk.follow(script)
        return await outcome


async def test_a_donation_is_counted_and_thanked_for() -> None:
    effects = Effects()
    result = await spoken(appeal(), effects, [WELCOME, choose("1"), THANKS, LISTEN, HANGUP])
    assert result == IvrResult(True, False, ("welcome", "choose", "choose=1", "thanks"))
    assert effects.done == [
        ("donate", {"amount": 25, "nextNodeId": "thanks", "entered": {"choose": "1"}, "node": "choose"})
    ]


async def test_a_key_after_the_prompt_counts() -> None:
    silent = (f'STREAM FILE "choose" "{ALL}"', "200 result=0 endpos=8000")
    late = ("WAIT FOR DIGIT 2000", "200 result=52")
    result = await spoken(appeal("choose"), Effects(), [silent, late, HANGUP])
    assert result.path == ("choose", "choose=4")


async def test_an_entry_of_several_digits_comes_with_the_donation() -> None:
    effects = Effects()
    entry = ('GET DATA "amount" 2000 4', "200 result=250")
    await spoken(appeal("amount"), effects, [entry, THANKS, LISTEN, HANGUP])
    assert effects.done == [("donate", {"entered": {"amount": "250"}, "node": "give"})]


@pytest.mark.parametrize(
    ("start", "pressed"),
    [
        ("welcome", ('STREAM FILE "http://audio.test/welcome.wav" "9"', "200 result=57 endpos=80")),
        ("amount", ('GET DATA "amount" 2000 4', "200 result=9 (timeout)")),
        ("amount", ('GET DATA "amount" 2000 4', "200 result=9")),
    ],
)
async def test_9_opts_out_and_the_call_is_over(start: str, pressed: tuple[str, str]) -> None:
    effects = Effects()
    result = await spoken(appeal(start), effects, [pressed, HANGUP])
    assert result.opted_out
    assert effects.done == [("opt_out", f"IVR {start}=9")]


async def test_9_while_we_listen_after_the_last_prompt_opts_out() -> None:
    effects = Effects()
    pressed = ("WAIT FOR DIGIT 2000", "200 result=57")
    result = await spoken(appeal("thanks"), effects, [THANKS, pressed, HANGUP])
    assert result.opted_out
    assert effects.done == [("opt_out", "IVR thanks=9")]


async def test_another_key_does_not_end_the_chance_to_opt_out() -> None:
    async with on_call(appeal("thanks"), Effects().given) as (asterisk, outcome):
        for reply in (THANKS[1], "200 result=49", "200 result=57"):
            command = await asterisk.read_command()
            asterisk.reply(reply)
        assert command is not None
        assert command.startswith("WAIT FOR DIGIT ")
        await asterisk.follow([HANGUP])
        assert (await outcome).opted_out


async def test_an_opt_out_is_committed_before_it_is_confirmed() -> None:
    committed, may_commit = asyncio.Event(), asyncio.Event()

    async def slow(_reason: str) -> None:
        await may_commit.wait()
        committed.set()

    effects = replace(Effects().given, opt_out=slow)
    async with on_call(appeal("choose"), effects) as (asterisk, outcome):
        assert await asterisk.read_command() == choose("9")[0]
        asterisk.reply(choose("9")[1])
        confirmation = asyncio.create_task(asterisk.read_command())
        await asyncio.sleep(0.05)
        assert not confirmation.done()
        may_commit.set()
        assert await confirmation == 'STREAM FILE "removed" ""'
        assert committed.is_set()
        asterisk.reply("200 result=0 endpos=8000")
        await asterisk.follow([HANGUP])
        assert (await outcome).opted_out


async def test_an_opt_out_is_tried_again_until_it_is_recorded() -> None:
    effects = Effects(fail=[Unavailable("the database does not answer")])
    script = [choose("9"), ('STREAM FILE "removed" ""', "200 result=0 endpos=8000"), HANGUP]
    result = await spoken(appeal("choose"), effects, script)
    assert result.opted_out
    assert effects.done == [("opt_out", "IVR choose=9")]


async def test_a_lost_opt_out_is_not_confirmed_but_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ivr_runner, "OPT_OUT_PAUSES_S", (0.0, 0.0, 0.0))
    effects = Effects(fail=[ZeroDivisionError() for _ in range(4)])
    with pytest.raises(OptOutLost, match="opt-out of call-1 could not be recorded") as lost:
        await spoken(appeal("choose"), effects, [choose("9")])
    assert lost.value.result == IvrResult(False, True, ("choose", "choose=9"))


async def test_an_opt_out_outlives_its_session() -> None:
    begun, committed = asyncio.Event(), asyncio.Event()

    async def slow(_reason: str) -> None:
        begun.set()
        await asyncio.sleep(0.1)
        committed.set()

    effects = replace(Effects().given, opt_out=slow)
    async with on_call(appeal("choose"), effects) as (asterisk, _):
        await asterisk.read_command()
        asterisk.reply(choose("9")[1])
        await begun.wait()
    assert committed.is_set()


@pytest.mark.parametrize("key", ["1", "5"])
async def test_a_failed_action_does_not_end_the_call(key: str) -> None:
    effects = Effects(fail=[Unavailable("the queue does not answer")])
    after = [THANKS, LISTEN] if key == "1" else [GOODBYE, ("WAIT FOR DIGIT 4000", "200 result=0")]
    result = await spoken(appeal("choose"), effects, [choose(key), *after, HANGUP])
    assert result.converted == (key == "1")
    assert effects.done == []


APOLOGY = {"invalidAudioUrl": "sound:wrong", "timeoutAudioUrl": "sound:silence", "tries": 3}


async def test_what_was_wrong_is_said_before_the_menu_comes_again() -> None:
    script = [
        choose("8"),
        (f'STREAM FILE "wrong" "{ALL}"', "200 result=0 endpos=800"),
        (f'STREAM FILE "choose" "{ALL}"', "200 result=0 endpos=8000"),
        LISTEN,
        (f'STREAM FILE "silence" "{ALL}"', "200 result=52 endpos=80"),
        HANGUP,
    ]
    result = await spoken(appeal("choose", choose=APOLOGY), Effects(), script)
    assert result.path == ("choose", "choose=8", "choose=", "choose=4")


async def test_a_key_during_the_apology_begins_the_next_entry() -> None:
    effects = Effects()
    script = [
        ('GET DATA "amount" 2000 4', "200 result= (timeout)"),
        (f'STREAM FILE "silence" "{ALL}"', "200 result=50 endpos=80"),
        ("WAIT FOR DIGIT 2000", "200 result=53"),
        ("WAIT FOR DIGIT 2000", "200 result=35"),
        THANKS,
        LISTEN,
        HANGUP,
    ]
    result = await spoken(appeal("amount", amount=APOLOGY), effects, script)
    assert result.path == ("amount", "amount=", "amount=25", "give", "thanks")


async def test_9_alone_during_the_apology_opts_out_of_a_capture() -> None:
    script = [
        ('GET DATA "amount" 2000 4', "200 result=1"),
        (f'STREAM FILE "wrong" "{ALL}"', "200 result=57 endpos=80"),
        ("WAIT FOR DIGIT 2000", "200 result=0"),
        HANGUP,
    ]
    assert (await spoken(appeal("amount", amount=APOLOGY), Effects(), script)).opted_out


@pytest.mark.parametrize(("terminator", "end"), [("*", [("WAIT FOR DIGIT 2000", "200 result=42")]), ("", [])])
async def test_an_entry_may_end_with_another_key_or_with_none(
    terminator: str, end: list[tuple[str, str]]
) -> None:
    effects = Effects()
    typed = [
        (f'STREAM FILE "amount" "{ALL}"', "200 result=50 endpos=80"),
        ("WAIT FOR DIGIT 2000", "200 result=53"),
        ("WAIT FOR DIGIT 2000", "200 result=48"),
        ("WAIT FOR DIGIT 2000", "200 result=48") if not terminator else end[0],
    ]
    flow = appeal("amount", amount={"terminator": terminator})
    await spoken(flow, effects, [*typed, THANKS, LISTEN, HANGUP])
    assert effects.done[0][1]["entered"] == {"amount": "250" if terminator else "2500"}


async def test_a_capture_whose_prompt_is_missing_still_listens() -> None:
    script = [
        ('GET DATA "amount" 2000 4', "200 result=-1"),
        ("CHANNEL STATUS", "200 result=6"),
        ("WAIT FOR DIGIT 2000", "200 result=57"),
        ("WAIT FOR DIGIT 2000", "200 result=0"),
        HANGUP,
    ]
    assert (await spoken(appeal("amount"), Effects(), script)).opted_out


async def test_audio_of_our_storage_is_played_by_address_and_skipped_where_it_is_lost() -> None:
    effects = Effects()
    flow = appeal("goodbye", goodbye={"audioUrl": "storage:bye.wav"})
    stored = ('STREAM FILE "http://dialer.test/audio/bye.wav" "9"', "200 result=0 endpos=8000")
    after = ("WAIT FOR DIGIT 4000", "200 result=0")
    await spoken(flow, effects, [stored, after, HANGUP])
    await spoken(appeal("goodbye", goodbye={"audioUrl": "storage:lost.wav"}), effects, [after, HANGUP])
    assert effects.located == ["storage:bye.wav", "storage:lost.wav"]


async def test_a_branch_asks_what_is_known_of_the_contact() -> None:
    cases = [{"field": "language", "equals": "he", "nextNodeId": "thanks"}]
    flow = appeal("give", give={"type": "branch", "actions": None, "cases": cases, "nextNodeId": "goodbye"})
    await spoken(flow, Effects(), [THANKS, LISTEN, HANGUP])


RECORD = {"actions": {"do": {"type": "record_message", "parameters": {"maxSeconds": 20}}}}
BEEP = ('STREAM FILE "beep" "9"', "200 result=0 endpos=800")
SOCKET = ('EXEC "AudioSocket" "key,address"', "200 result=0")


async def test_a_message_is_taken_after_the_beep() -> None:
    effects = Effects()
    await spoken(appeal("give", give=RECORD), effects, [BEEP, SOCKET, THANKS, LISTEN, HANGUP])
    assert effects.done == [("record", ("give", Recording(max_seconds=20)))]


@pytest.mark.parametrize("during_beep", [True, False])
async def test_9_instead_of_a_message_opts_out(during_beep: bool) -> None:
    effects = Effects(recorded=Performed(key="9"))
    script = [(BEEP[0], "200 result=57 endpos=80")] if during_beep else [BEEP, SOCKET]
    result = await spoken(appeal("give", give=RECORD), effects, [*script, HANGUP])
    assert result.opted_out
    assert effects.done[-1] == ("opt_out", "IVR give=9")


async def test_where_nothing_can_be_recorded_the_flow_goes_on() -> None:
    effects = Effects(fail=[Unavailable("Asterisk has no AudioSocket")])
    await spoken(appeal("give", give=RECORD), effects, [BEEP, THANKS, LISTEN, HANGUP])


async def test_a_webhook_is_told_what_was_entered_and_where() -> None:
    effects = Effects()
    url = {"url": "https://crm.test/gift"}
    hook = {"actions": {"do": {"type": "webhook", "parameters": url}}}
    script = [('GET DATA "amount" 2000 4', "200 result=250"), THANKS, LISTEN, HANGUP]
    await spoken(appeal("amount", give=hook), effects, script)
    assert effects.done == [("webhook", {**url, "entered": {"amount": "250"}, "node": "give"})]


PLAY, KEY = WELCOME[0], f'STREAM FILE "choose" "{ALL}"'
GONE = ("CHANNEL STATUS", DEAD)


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ([(PLAY, DEAD)], ("welcome",)),
        ([(PLAY, "200 result=-1 endpos=1000"), GONE], ("welcome",)),
        ([WELCOME, (KEY, "HANGUP\n200 result=-1 endpos=0"), GONE], ("welcome", "choose")),
        (
            [WELCOME, (KEY, "200 result=0 endpos=1"), ("WAIT FOR DIGIT 2000", "200 result=-1")],
            ("welcome", "choose"),
        ),
        ([WELCOME, choose("1"), (THANKS[0], DEAD)], ("welcome", "choose", "choose=1", "thanks")),
    ],
)
async def test_a_caller_may_hang_up_anywhere(script: list[tuple[str, str]], path: tuple[str, ...]) -> None:
    result = await spoken(appeal(), Effects(), script)
    assert result == IvrResult("choose=1" in path, False, path)


async def test_a_caller_who_left_during_a_prompt_sets_off_nothing_after_it() -> None:
    effects = Effects()
    flow = appeal(welcome={"nextNodeId": "give"})
    await spoken(flow, effects, [(PLAY, "200 result=-1 endpos=1000"), GONE])
    assert effects.done == []


async def test_audio_that_cannot_be_played_does_not_end_the_call() -> None:
    missing = [(PLAY, "200 result=-1 endpos=0"), ("CHANNEL STATUS", "200 result=6")]
    result = await spoken(appeal(), Effects(), [*missing, choose("4"), HANGUP])
    assert result.path == ("welcome", "choose", "choose=4")


async def test_a_lost_link_keeps_what_was_pressed() -> None:
    async with on_call(appeal("choose"), Effects().given) as (asterisk, outcome):
        await asterisk.read_command()
        asterisk.reply(choose("1")[1])
        await asterisk.read_command()
        asterisk.writer.close()
        assert await outcome == IvrResult(True, False, ("choose", "choose=1", "thanks"))


async def test_a_refused_command_keeps_what_was_pressed() -> None:
    script = [choose("1"), (THANKS[0], "510 Invalid or unknown command")]
    result = await spoken(appeal("choose"), Effects(), script)
    assert result.converted


TO_AGENT = [
    ({"destination": "PJSIP/desk"}, 'EXEC "Dial" "PJSIP/desk,30"'),
    ({"destination": "+15551230001"}, 'EXEC "Dial" "PJSIP/+15551230001@trunk-a,30"'),
]


@pytest.mark.parametrize(("parameters", "command"), TO_AGENT)
async def test_an_agent_who_answers_is_the_end_of_the_flow(parameters: dict[str, str], command: str) -> None:
    flow = appeal("choose", choose={"actions": {"3": {"type": "transfer_agent", "parameters": parameters}}})
    status = ('GET VARIABLE "DIALSTATUS"', "200 result=1 (ANSWER)")
    await spoken(flow, Effects(), [choose("3"), (command, "200 result=-1"), status, ("HANGUP", DEAD)])


@pytest.mark.parametrize("status", ["200 result=1 (BUSY)", "200 result=1 (CHANUNAVAIL)", "200 result=0"])
async def test_where_no_agent_answers_the_flow_goes_on(status: str) -> None:
    script = [choose("3"), (TO_AGENT[0][1], "200 result=0"), ('GET VARIABLE "DIALSTATUS"', status)]
    end = [GOODBYE, ("WAIT FOR DIGIT 4000", "200 result=0"), HANGUP]
    await spoken(appeal("choose"), Effects(), [*script, *end])


@pytest.mark.parametrize(
    ("status", "connected"),
    [("200 result=1 ()", True), ("200 result=1 (CONTINUE)", True), ("200 result=1 (JOINEMPTY)", False)],
)
async def test_a_queue_connects_or_the_flow_goes_on(status: str, connected: bool) -> None:
    actions = {"3": {"type": "transfer_agent", "parameters": {"queue": "gifts"}}}
    script = [
        choose("3"),
        ('SET VARIABLE "QUEUESTATUS" ""', "200 result=1"),
        ('EXEC "Queue" "gifts,,,,300"', "200 result=0"),
        ('GET VARIABLE "QUEUESTATUS"', status),
    ]
    end = [] if connected else [GOODBYE, ("WAIT FOR DIGIT 4000", "200 result=0")]
    flow = appeal("choose", choose={"actions": actions})
    await spoken(flow, Effects(), [*script, *end, HANGUP])


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"destination": "Local/1@everything"},
        {"destination": "PJSIP/a&PJSIP/b"},
        {"destination": "PJSIP/a,30,G(x)"},
        {"destination": "PJSIP/a", "queue": "b"},
        {"queue": "a,b"},
        {"destination": 911},
    ],
)
async def test_asterisk_is_never_told_to_dial_anything_else(parameters: dict[str, Any]) -> None:
    actions = {"3": {"type": "transfer_agent", "parameters": parameters}}
    flow = appeal("choose", choose={"actions": actions, "nextNodeId": None})
    await spoken(flow, Effects(), [choose("3"), HANGUP])


def heard(name: str) -> tuple[str, str]:
    return (f'STREAM FILE "{name}" "9"', "200 result=0 endpos=8000")


@pytest.mark.parametrize(
    ("fields", "plays"),
    [
        ({"text": "Thanks", "audioUrl": "sound:thanks"}, ["http://dialer.test/audio/thanks.wav"]),
        ({"text": "Thanks", "audioUrl": None}, ["http://dialer.test/audio/thanks.wav"]),
        ({"text": "Thank you, {{language}}"}, ["http://dialer.test/audio/thank you, he.wav"]),
        ({"text": "Thank you, {{name}}"}, ["thanks"]),
        ({"text": "Nothing but silence"}, ["thanks"]),
        ({"text": "Nothing but silence", "audioUrl": "storage:lost.wav"}, []),
        ({"text": "Nothing but silence", "audioUrl": None}, []),
        ({"text": "Thank you, {{name}}", "audioUrl": None}, []),
    ],
)
async def test_text_is_said_and_gives_way_to_audio_and_the_call_ends_whatever_fails(
    fields: dict[str, Any], plays: list[str]
) -> None:
    script = [heard(name) for name in plays]
    result = await spoken(appeal("thanks", thanks=fields), Effects(), [*script, LISTEN, HANGUP])
    assert result.path == ("thanks",)


async def test_a_slow_voice_leaves_nobody_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ivr_voice, "SPEAK_TIMEOUT_S", 0.1)
    effects = Effects(speaking_takes_s=30)
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    flow = appeal("thanks", thanks={"text": "Thanks"})
    await spoken(flow, effects, [heard("thanks"), LISTEN, HANGUP])
    assert loop.time() - began_at < 2
    assert effects.located == ['"Thanks"', "sound:thanks"]


async def test_a_menu_is_said_and_any_key_stops_it() -> None:
    flow = appeal("choose", choose={"text": "Choose", "invalidText": "Wrong"})
    menu = 'STREAM FILE "http://dialer.test/audio/choose.wav" "0123456789*#"'
    wrong = 'STREAM FILE "http://dialer.test/audio/wrong.wav" "0123456789*#"'
    script = [(menu, "200 result=56 endpos=1"), (wrong, "200 result=52 endpos=1"), HANGUP]
    assert (await spoken(flow, Effects(), script)).path == ("choose", "choose=8", "choose=4")
