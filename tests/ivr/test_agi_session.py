"""Commands arrive as they are meant, and every reply Asterisk gives is understood."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from outdial.dialer import agi_session
from outdial.dialer.agi_server import serve_agi
from outdial.dialer.agi_session import AgiSession, CallerHungUp, Entry, Playback
from outdial.domain.errors import Broken, InvalidInput, OutdialError, Unavailable
from tests.ivr.asterisk_side import DEAD, peer

Talk = Callable[[AgiSession], Awaitable[Any]]


async def heard(talk: Talk, script: Sequence[tuple[str, str]]) -> Any:
    """What `talk` returns, or raises, where Asterisk answers by `script`."""
    outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def on_session(session: AgiSession) -> None:
        try:
            outcome.set_result(await talk(session))
        except OutdialError as error:
            outcome.set_exception(error)

    async with serve_agi("127.0.0.1", 0, on_session) as server, peer(server.port) as asterisk:
        await asterisk.follow(script)
    return await outcome


URL = "https://audio.test/a b.wav?x=1&y=2"


@pytest.mark.parametrize(
    ("talk", "command", "reply", "expected"),
    [
        (lambda s: s.answer(), "ANSWER", "200 result=0", None),
        (
            lambda s: s.stream_file("hello"),
            'STREAM FILE "hello" ""',
            "200 result=0 endpos=800",
            Playback(None, heard=True),
        ),
        (
            lambda s: s.stream_file(URL, "9"),
            f'STREAM FILE "{URL}" "9"',
            "200 result=57 endpos=80",
            Playback("9", heard=True),
        ),
        (
            lambda s: s.stream_file("hello", "*#"),
            'STREAM FILE "hello" "*#"',
            "200 result=35 endpos=80",
            Playback("#", heard=True),
        ),
        (
            lambda s: s.stream_file("gone"),
            'STREAM FILE "gone" ""',
            "200 result=0 endpos=0",
            Playback(None, heard=False),
        ),
        (
            lambda s: s.get_data("hello", 1.5, 4),
            'GET DATA "hello" 1500 4',
            "200 result=12 (timeout)",
            Entry("12", timed_out=True, heard=True),
        ),
        (
            lambda s: s.get_data("hello", 1.5, 4),
            'GET DATA "hello" 1500 4',
            "200 result=12",
            Entry("12", timed_out=False, heard=True),
        ),
        (
            lambda s: s.get_data("hello", 1.5, 4),
            'GET DATA "hello" 1500 4',
            "200 result= (timeout)",
            Entry("", timed_out=True, heard=True),
        ),
        (
            lambda s: s.get_data("hello", 1.5, 4),
            'GET DATA "hello" 1500 4',
            "200 result=",
            Entry("", timed_out=False, heard=True),
        ),
        (lambda s: s.wait_for_digit(2), "WAIT FOR DIGIT 2000", "200 result=48", "0"),
        (lambda s: s.wait_for_digit(2), "WAIT FOR DIGIT 2000", "200 result=0", None),
        (lambda s: s.get_variable("X"), 'GET VARIABLE "X"', "200 result=0", None),
        (lambda s: s.get_variable("X"), 'GET VARIABLE "X"', "200 result=1 (hangup)", "hangup"),
        (lambda s: s.get_variable("X"), 'GET VARIABLE "X"', "200 result=1 (a (b) c)", "a (b) c"),
        (lambda s: s.exec("Dial", "PJSIP/1,30"), 'EXEC "Dial" "PJSIP/1,30"', "200 result=-2", -2),
        (lambda s: s.hangup(), "HANGUP", "200 result=1", None),
        (lambda s: s.hangup(), "HANGUP", DEAD, None),
    ],
)
async def test_a_command_and_its_reply(talk: Talk, command: str, reply: str, expected: object) -> None:
    assert await heard(talk, [(command, reply)]) == expected


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ('say "x"', r"say \"x\""),
        ("back\\", r"back\\"),
        ('\\" HANGUP', r"\\\" HANGUP"),
        ("a\nHANGUP\r\nEXEC System x", "a HANGUP EXEC System x"),
        ("nul\x00\x0b\x85\u2028end", "nul end"),
        ("Привет", "Привет"),
    ],
)
async def test_no_value_can_become_a_command(value: str, sent: str) -> None:
    await heard(lambda s: s.set_variable("X", value), [(f'SET VARIABLE "X" "{sent}"', "200 result=1")])


async def test_a_command_asterisk_would_cut_in_two_is_not_sent() -> None:
    with pytest.raises(InvalidInput, match="SET VARIABLE has 20"):
        await heard(lambda s: s.set_variable("X", "x" * 2000), [])


async def test_a_missing_file_is_told_from_a_caller_who_left() -> None:
    play = [('STREAM FILE "gone" ""', "200 result=-1 endpos=0")]
    alive = await heard(lambda s: s.stream_file("gone"), [*play, ("CHANNEL STATUS", "200 result=6")])
    assert alive == Playback(None, heard=False)
    with pytest.raises(CallerHungUp):
        await heard(lambda s: s.stream_file("gone"), [*play, ("CHANNEL STATUS", DEAD)])


@pytest.mark.parametrize(
    ("talk", "script"),
    [
        (lambda s: s.answer(), [("ANSWER", DEAD)]),
        (lambda s: s.wait_for_digit(1), [("WAIT FOR DIGIT 1000", "200 result=-1")]),
        (
            lambda s: s.get_data("a", 1, 2),
            [('GET DATA "a" 1000 2', "200 result=-1"), ("CHANNEL STATUS", DEAD)],
        ),
    ],
)
async def test_a_caller_who_left_ends_the_talk(talk: Talk, script: list[tuple[str, str]]) -> None:
    with pytest.raises(CallerHungUp):
        await heard(talk, script)


async def test_a_closed_connection_is_a_hang_up() -> None:
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def on_session(session: AgiSession) -> None:
        with pytest.raises(CallerHungUp):
            await session.stream_file("hello")
        with pytest.raises(CallerHungUp):
            await session.answer()
        ended.set_result("twice")

    async with serve_agi("127.0.0.1", 0, on_session) as server, peer(server.port) as asterisk:
        await asterisk.read_command()
        asterisk.writer.close()
        async with asyncio.timeout(5):
            assert await ended == "twice"


async def two_answers(session: AgiSession) -> list[str | None]:
    return [await session.wait_for_digit(1), await session.wait_for_digit(2)]


@pytest.mark.parametrize(
    "before", ["HANGUP\n", "second line of a value)\n", "\n"], ids=["hang-up notice", "value", "blank"]
)
async def test_stray_lines_do_not_shift_replies(before: str) -> None:
    script = [
        ("WAIT FOR DIGIT 1000", f"{before}200 result=49"),
        ("WAIT FOR DIGIT 2000", f"{before}200 result=50"),
    ]
    assert await heard(two_answers, script) == ["1", "2"]


USAGE = (
    "520-Invalid command syntax.  Proper usage follows:\n"
    "Usage: ANSWER\n  200 result=0\n"
    "520 End of proper usage."
)


@pytest.mark.parametrize(
    "refusal",
    [USAGE, "520 Invalid command syntax.  Proper usage not available.", "510 Invalid or unknown command"],
)
async def test_a_refused_command_is_our_fault_and_does_not_shift_replies(refusal: str) -> None:
    async def talk(session: AgiSession) -> str | None:
        with pytest.raises(Broken, match="Asterisk refused ANSWER: 5"):
            await session.answer()
        return await session.wait_for_digit(1)

    script = [("ANSWER", refusal), ("WAIT FOR DIGIT 1000", "200 result=49")]
    assert await heard(talk, script) == "1"


@pytest.mark.parametrize("noise", ["x\n" * 150, "x" * 1_000_000], ids=["lines", "one line"])
async def test_a_peer_that_answers_nonsense_is_given_up(noise: str) -> None:
    with pytest.raises(Unavailable):
        await heard(lambda s: s.answer(), [("ANSWER", noise)])


async def test_asterisk_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi_session, "REPLY_TIMEOUT_S", 0.1)
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def on_session(session: AgiSession) -> None:
        with pytest.raises(Unavailable, match=r"did not answer WAIT FOR DIGIT 10 within 0\.11 s"):
            await session.wait_for_digit(0.01)
        ended.set_result("given up")

    async with serve_agi("127.0.0.1", 0, on_session) as server, peer(server.port):
        async with asyncio.timeout(5):
            assert await ended == "given up"
