"""Flows spoken to people of the simulated network: many calls at once, over both wire protocols."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from outdial.dialer.agi_server import serve_agi
from outdial.dialer.agi_session import AgiSession
from outdial.dialer.ivr_runner import CallContext, IvrEffects, IvrResult, run_walk
from outdial.dialer.ivr_services import IvrServices, IvrServicesConfig
from outdial.dialer.recorder import Saved, recording_name
from outdial.domain.clock import utc_now
from outdial.domain.ivr.actions import Recording
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.steps import Performed
from outdial.domain.ivr.walk import begin_walk
from outdial.simulator.network import SimulatedNetwork, simulated_network
from outdial.simulator.scenario import parse_scenario
from tests.ivr.flows import appeal

SCENARIO: dict[str, Any] = {
    "ring_s": 0.02,
    "patience_s": 30,
    "prompt_s": 0.3,
    "key_delay_s": 0.05,
    "barge_in": 1,
    "missing_audio": ["gone"],
}
QUICK = {"timeoutSeconds": 0.6}
FLOW = appeal(choose=QUICK, amount=QUICK, goodbye=QUICK, thanks=QUICK)
# What each person does prompt by prompt, and what comes of it. The last habit goes on.
PEOPLE: list[tuple[str, list[str], IvrResult]] = [
    ("gives", ["", "1", ""], IvrResult(True, False, ("welcome", "choose", "choose=1", "thanks"))),
    ("opts out at once", ["9"], IvrResult(False, True, ("welcome", "welcome=9"))),
    (
        "opts out in the menu",
        ["", "9", ""],
        IvrResult(False, True, ("welcome", "choose", "choose=9", "removed")),
    ),
    (
        "says nothing",
        [""],
        IvrResult(False, False, ("welcome", "choose", "choose=", "choose=", "goodbye")),
    ),
    (
        "names an amount",
        ["", "2", "250#", ""],
        IvrResult(True, False, ("welcome", "choose", "choose=2", "amount", "amount=250", "give", "thanks")),
    ),
    (
        "opts out instead of an amount",
        ["", "2", "9#"],
        IvrResult(False, True, ("welcome", "choose", "choose=2", "amount", "amount=9")),
    ),
    (
        "presses a wrong key, then gives",
        ["", "8", "1", ""],
        IvrResult(True, False, ("welcome", "choose", "choose=8", "choose=1", "thanks")),
    ),
    ("hangs up in the menu", ["", "hangup"], IvrResult(False, False, ("welcome", "choose"))),
    (
        "reaches an agent",
        ["", "3"],
        IvrResult(False, False, ("welcome", "choose", "choose=3")),
    ),
]


class Calls:
    """Runs `flow` on every call that comes in, and keeps what came of each by its call id."""

    def __init__(self, flow: IvrFlow, expected: int, services: IvrServices) -> None:
        self.flow = flow
        self.services = services
        self.expected = expected
        self.all_ended = asyncio.Event()
        self.results: dict[str, IvrResult] = {}
        self.opted_out: list[str] = []
        self.messages: dict[str, tuple[Path, float]] = {}

    async def record(self, session: AgiSession, node_id: str, recording: Recording) -> Performed:
        """With the dialer's own recorder, which keeps what it takes below `storage`."""

        async def note(where: str, seconds: float) -> None:
            self.messages[call_id] = (Path(where), seconds)

        call_id = session.environment["agi_uniqueid"]
        saved = Saved("spring", recording_name(call_id, node_id), note)
        return await self.services.recorder.take(session, recording, saved)

    async def on_session(self, session: AgiSession) -> None:
        call_id = session.environment["agi_uniqueid"]

        async def opt_out(_reason: str) -> None:
            self.opted_out.append(call_id)

        async def nothing(_parameters: Mapping[str, Any]) -> None:
            return

        effects = IvrEffects(
            opt_out=opt_out,
            send_sms=nothing,
            donate=nothing,
            webhook=nothing,
            record=self.record,
            locate=self.services.locate,
        )
        walk, context = begin_walk(self.flow, {}), CallContext(call_id, "trunk")
        self.results[call_id] = await run_walk(session, walk, context, effects)
        if len(self.results) == self.expected:
            self.all_ended.set()


@asynccontextmanager
async def placed_calls(
    network: SimulatedNetwork, agi_port: int, numbers: Mapping[str, str]
) -> AsyncGenerator[None]:
    """Originate a call to each number under its call id."""
    reader, writer = await asyncio.open_connection(network.host, network.ami_port)
    events = asyncio.create_task(_read_all(reader))
    writer.write(b"Action: Login\r\nUsername: dialer\r\nSecret: dialer\r\n\r\n")
    for call_id, number in numbers.items():
        writer.write(
            f"Action: Originate\r\nChannel: PJSIP/{number}@trunk\r\nContext: campaign-ivr\r\nExten: s\r\n"
            f"Priority: 1\r\nAsync: true\r\nTimeout: 5000\r\nChannelId: {call_id}\r\n"
            f"Variable: AGISIGHUP=no\r\nVariable: AGI_URL=agi://127.0.0.1:{agi_port}/ivr\r\n\r\n".encode()
        )
    yield
    writer.close()
    await events


async def _read_all(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(65536):
            pass


async def called(
    flow: IvrFlow, people: Mapping[str, list[str]], storage_url: str = "", **scenario: Any
) -> Calls:
    """Call everybody at once; `people` are habits by call id."""
    numbers = {call_id: f"1555123{place:04}" for place, call_id in enumerate(people)}
    habits = {numbers[call_id]: {"keys": keys} for call_id, keys in people.items()}
    services = IvrServices(IvrServicesConfig(storage_url), utc_now)
    calls = Calls(flow, len(people), services)
    network_of = parse_scenario({**SCENARIO, **scenario, "numbers": habits})
    async with (
        services.serve("127.0.0.1", "127.0.0.1"),
        serve_agi("127.0.0.1", 0, calls.on_session) as server,
        simulated_network(network_of) as network,
        placed_calls(network, server.port, numbers),
        asyncio.timeout(30),
    ):
        await calls.all_ended.wait()
        await services.drain(5)
    return calls


async def test_what_people_do_comes_out_as_they_did_it() -> None:
    calls = await called(FLOW, {name: keys for name, keys, _ in PEOPLE})
    assert calls.results == {name: expected for name, _, expected in PEOPLE}
    assert sorted(calls.opted_out) == sorted(name for name, _, expected in PEOPLE if expected.opted_out)


@pytest.mark.timeout(60)
async def test_hundreds_of_people_at_once_keep_their_own_calls() -> None:
    people = {f"{name} {nth}": keys for nth in range(30) for name, keys, _ in PEOPLE}
    expected = {f"{name} {nth}": result for nth in range(30) for name, _, result in PEOPLE}
    calls = await called(FLOW, people, key_delay_s=0.1)
    wrong = {name: result for name, result in calls.results.items() if result != expected[name]}
    assert wrong == {}
    assert len(calls.results) == len(expected)


async def test_audio_asterisk_does_not_have_is_skipped() -> None:
    flow = appeal(welcome={"audioUrl": "sound:gone"}, choose=QUICK, goodbye=QUICK)
    calls = await called(flow, {"call": ["1", ""]})
    assert calls.results["call"].path == ("welcome", "choose", "choose=1", "thanks")


SPEAKERS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "ends with a key": (["", "#", ""], ("welcome", "give", "thanks")),
    "falls silent": (["", "", ""], ("welcome", "give", "thanks")),
    "opts out": (["", "9"], ("welcome", "give", "give=9")),
    "hangs up": (["", "hangup"], ("welcome", "give")),
}


def seconds_of(file: Path) -> float:
    """How long a WAV is, and that Asterisk could play it back."""
    with wave.open(str(file)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, 8000)
        return wav.getnframes() / 8000


async def test_messages_come_into_the_storage_whoever_ends_them(tmp_path: Path) -> None:
    quiet = {"silenceSeconds": 1, "nextNodeId": "thanks"}
    do = {"do": {"type": "record_message", "parameters": quiet}}
    flow = appeal(welcome={"nextNodeId": "give"}, give={"actions": do}, thanks=QUICK)
    calls = await called(
        flow,
        {name: habit for name, (habit, _) in SPEAKERS.items()},
        tmp_path.as_uri(),
        message_s=1.5,
        barge_in=0,
        key_delay_s=0.3,
        prompts={"beep": 0.1},
    )
    assert {name: result.path for name, result in calls.results.items()} == {
        name: path for name, (_, path) in SPEAKERS.items()
    }
    kept = {name: seconds_of(where) for name, (where, _) in calls.messages.items()}
    assert kept.keys() == {"ends with a key", "falls silent", "hangs up"}
    assert all(1.4 < seconds < 3 for seconds in kept.values())
    assert calls.opted_out == ["opts out"]
    assert len(list((tmp_path / "recordings" / "spring").iterdir())) == 3
