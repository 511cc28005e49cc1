"""Each text is made once, kept where all processes find it, and nothing about a person is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.speech import Speech
from outdial.domain.voices import Voice
from outdial.speech import speaker as speaker_room
from outdial.speech.config import SpeechConfig
from outdial.speech.speaker import Speaker
from outdial.speech.store import read_speech, write_speech
from tests.speech.gramophone import Gramophone, a_sound

HELLO = Speech("Hello, everybody.", Voice())
DANA = Speech("Hello, Dana.", Voice(), is_personal=True)


def a_speaker(storage: Path | None, gramophone: Gramophone) -> Speaker:
    url = storage.as_uri() if storage else ""
    return Speaker(SpeechConfig(storage_url=url), {"local": gramophone})


def kept(storage: Path) -> list[Path]:
    folder = storage / "speech"
    return sorted(folder.iterdir()) if folder.exists() else []


async def test_many_who_ask_for_one_text_get_it_made_once() -> None:
    gramophone = Gramophone(delay_s=0.05)
    speaker = a_speaker(None, gramophone)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(speaker.say(HELLO)) for _ in range(20)]
    assert {task.result() for task in tasks} == {a_sound("Hello, everybody.en-US")}
    assert await speaker.say(HELLO) == tasks[0].result()
    assert gramophone.said == [HELLO.text]


async def test_another_process_finds_what_was_said_and_asks_no_engine(tmp_path: Path) -> None:
    wav = await a_speaker(tmp_path, Gramophone()).say(HELLO)
    silent = Gramophone(error=Unavailable("the engine is away"))
    assert await a_speaker(tmp_path, silent).say(HELLO) == wav
    assert silent.said == []


async def test_what_is_about_a_person_is_never_written_down(tmp_path: Path) -> None:
    gramophone = Gramophone()
    speaker = a_speaker(tmp_path, gramophone)
    assert await speaker.say(DANA) == await speaker.say(DANA)
    assert gramophone.said == [DANA.text]
    assert kept(tmp_path) == []


async def test_another_text_voice_or_engine_is_another_speech(tmp_path: Path) -> None:
    speaker = a_speaker(tmp_path, Gramophone())
    for text in ("One", "Two"):
        for language in ("en-US", "fr"):
            await speaker.say(Speech(text, Voice(language=language)))
    assert len(kept(tmp_path)) == 4


async def test_a_file_that_is_no_speech_is_made_again(tmp_path: Path) -> None:
    wav = await a_speaker(tmp_path, Gramophone()).say(HELLO)
    (file,) = kept(tmp_path)
    file.write_bytes(wav[:20])
    assert await a_speaker(tmp_path, Gramophone()).say(HELLO) == wav
    assert file.read_bytes() == wav


async def test_a_storage_that_refuses_keeps_nobody_from_speaking(tmp_path: Path) -> None:
    (tmp_path / "speech").write_text("a file where a folder should be", "utf-8")
    assert await a_speaker(tmp_path, Gramophone()).say(HELLO)


async def test_a_failure_reaches_all_who_wait_and_is_tried_again_by_the_next() -> None:
    gramophone = Gramophone(delay_s=0.02, error=Unavailable("the engine is away"))
    speaker = a_speaker(None, gramophone)

    async def is_refused() -> bool:
        with pytest.raises(Unavailable, match="away"):
            await speaker.say(HELLO)
        return True

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(is_refused()) for _ in range(3)]
    assert all(task.result() for task in tasks)
    gramophone.error = None
    assert await speaker.say(HELLO)
    assert len(gramophone.said) == 2


async def test_whoever_stops_waiting_does_not_stop_the_making() -> None:
    gramophone = Gramophone(delay_s=0.1)
    speaker = a_speaker(None, gramophone)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await speaker.say(HELLO)
    await asyncio.sleep(0.15)
    gramophone.delay_s = 10
    async with asyncio.timeout(0.05):
        assert await speaker.say(HELLO)


async def test_people_on_the_line_come_before_calls_that_still_ring_and_the_last_of_them_first() -> None:
    gramophone = Gramophone(delay_s=0.2)
    speaker = a_speaker(None, gramophone)

    async def ask(text: str, *, is_urgent: bool) -> None:
        await speaker.say(Speech(text, Voice(), is_personal=True), is_urgent=is_urgent)

    async with asyncio.TaskGroup() as group:
        for text in ("first", "ringing 1", "ringing 2"):
            group.create_task(ask(text, is_urgent=False))
        await asyncio.sleep(0.005)
        for text in ("on the line 1", "ringing 2", "on the line 2"):
            group.create_task(ask(text, is_urgent=True))
    assert gramophone.said == ["first", "on the line 2", "ringing 2", "on the line 1", "ringing 1"]


async def test_what_nobody_waits_for_any_more_is_not_made() -> None:
    gramophone = Gramophone(delay_s=0.05)
    speaker = a_speaker(None, gramophone)
    first = asyncio.create_task(speaker.say(Speech("first", Voice())))
    await asyncio.sleep(0.01)
    gone = [asyncio.create_task(speaker.say(Speech(f"gone {nth}", Voice()))) for nth in range(20)]
    stays = asyncio.create_task(speaker.say(Speech("stays", Voice())))
    await asyncio.sleep(0.01)
    for task in gone:
        task.cancel()
    assert await first
    assert await stays
    assert gramophone.said == ["first", "stays"]


async def test_whoever_asks_just_after_another_gave_up_is_served() -> None:
    speaker = a_speaker(None, Gramophone(delay_s=0.02))
    first = asyncio.create_task(speaker.say(Speech("first", Voice())))
    gone = asyncio.create_task(speaker.say(HELLO))
    await asyncio.sleep(0.005)
    gone.cancel()
    await asyncio.wait({gone})
    assert await speaker.say(HELLO)
    assert await first


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(a_sound("x"))
    monkeypatch.setattr(speaker_room, "MOST_BYTES", 3 * size)
    gramophone = Gramophone()
    speaker = a_speaker(None, gramophone)
    for text in ("one", "two", "three", "four", "one"):
        await speaker.say(Speech(text, Voice(), is_personal=True))
    assert gramophone.said == ["one", "two", "three", "four", "one"]
    await speaker.say(Speech("four", Voice(), is_personal=True))
    assert len(gramophone.said) == 5


async def test_the_end_ends_what_is_being_made() -> None:
    gramophone = Gramophone(delay_s=30)
    speaker = a_speaker(None, gramophone)
    waiting = asyncio.create_task(speaker.say(HELLO))
    await asyncio.sleep(0.01)
    await speaker.close()
    await asyncio.wait({waiting}, timeout=1)
    assert waiting.cancelled()
    assert gramophone.is_closed


@pytest.mark.parametrize(
    ("text", "reason"), [("x" * 3001, "has 3001 letters"), ("Hello דנה", "has Hebrew letters")]
)
async def test_what_cannot_be_said_is_refused_before_any_engine_is_asked(text: str, reason: str) -> None:
    gramophone = Gramophone()
    with pytest.raises(InvalidInput, match=reason):
        await a_speaker(None, gramophone).say(Speech(text, Voice()))
    assert gramophone.said == []


def test_the_storage_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    url, wav = tmp_path.as_uri(), a_sound("x")
    for nth in range(9):
        write_speech(url, f"{nth:040}", wav, most_bytes=6 * len(wav))
    left = [int(file.stem) for file in kept(tmp_path)]
    assert left == [4, 5, 6, 7, 8]
    assert read_speech(url, f"{8:040}") == wav
    assert read_speech(url, f"{0:040}") is None
