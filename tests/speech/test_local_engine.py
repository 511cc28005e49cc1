"""The engine that everybody has speaks as a telephone carries it, and its failures are nobody's silence."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import wave
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.sound import sound_problem
from outdial.domain.voices import Voice
from outdial.speech import espeak
from outdial.speech.espeak import LocalEngine
from outdial.speech.espeak_voices import voice_for
from outdial.speech.telephone_rate import at_telephone_rate
from outdial.speech.wav import seconds_of
from tests.dialer.stage import eventually
from tests.speech.gramophone import program

SENTENCE = "The spring appeal is calling. Press one to give, or nine to be called no more."


@pytest.fixture
async def engine() -> AsyncIterator[LocalEngine]:
    """The engine, with nothing left running after the test."""
    engine = LocalEngine()
    yield engine
    await engine.close()


async def said(engine: LocalEngine, text: str, language: str = "en-US") -> bytes:
    return await engine.speak(text, Voice(language=language))


def samples_of(wav: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(wav)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2")


def pid_of(engine: LocalEngine) -> int:
    assert engine._process is not None
    return engine._process.pid


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    return False


async def test_a_sentence_is_as_long_as_a_person_takes_and_asterisk_plays_it(
    engine: LocalEngine,
) -> None:
    wav = await said(engine, SENTENCE)
    assert sound_problem("speech.wav", wav) is None
    assert 4 < seconds_of(wav) < 8
    assert np.abs(samples_of(wav)).max() > 3000


async def test_a_longer_text_takes_longer_and_another_text_sounds_otherwise(engine: LocalEngine) -> None:
    short, long = await said(engine, "Yes."), await said(engine, f"{SENTENCE} {SENTENCE}")
    assert seconds_of(long) > 8 * seconds_of(short)
    assert await said(engine, "No.") != short


@pytest.mark.parametrize(
    ("language", "text", "voice"),
    [
        ("en", "Hello", "gmw/en"),
        ("en-US", "Hello", "gmw/en-US"),
        ("en-AU", "Hello", "gmw/en"),
        ("ar", "مرحبا بكم", "sem/ar"),
        ("ar-EG", "مرحبا بكم", "sem/ar"),
        ("es-MX", "Hola a todos", "roa/es-419"),
        ("pt-BR", "Bom dia", "roa/pt-BR"),
        ("ru", "Добрый день", "zle/ru"),
        ("fr-CA", "Bonjour", "roa/fr"),
    ],
)
async def test_each_language_has_its_voice(engine: LocalEngine, language: str, text: str, voice: str) -> None:
    assert voice_for(Voice(language=language)) == voice
    assert seconds_of(await said(engine, text, language)) > 0.3


async def test_arabic_is_spoken_and_not_spelled(engine: LocalEngine) -> None:
    """The English voice would name each letter, which takes three times as long."""
    text = "مرحبا بكم"
    spelled = await engine.speak(text, Voice())
    assert seconds_of(spelled) > 2.5 * seconds_of(await said(engine, text, "ar"))


@pytest.mark.parametrize(
    ("voice", "reason"),
    [
        (Voice(language="he"), "reads Hebrew without its vowels"),
        (Voice(language="tlh"), "no local voice speaks tlh"),
        (Voice(name="Joanna"), "there is no local voice Joanna"),
    ],
)
async def test_a_voice_that_is_not_there_or_not_understood_is_refused(
    engine: LocalEngine, voice: Voice, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        await engine.speak("Hello", voice)


async def test_a_text_without_sound_is_refused_and_markup_is_read_as_text(engine: LocalEngine) -> None:
    with pytest.raises(InvalidInput, match="gives no sound"):
        await said(engine, "…")
    pause = await said(engine, "<break time='20s'/> one [[h@'loU]]")
    assert seconds_of(pause) < 10


async def test_a_process_that_is_killed_is_started_anew(engine: LocalEngine) -> None:
    await said(engine, "One")
    first = pid_of(engine)
    os.kill(first, signal.SIGKILL)
    with suppress(Unavailable):
        await said(engine, "Two")
    assert seconds_of(await said(engine, "Three")) > 0.2
    assert pid_of(engine) != first


async def test_whoever_gives_up_leaves_no_half_answer_for_the_next(engine: LocalEngine) -> None:
    right = await said(engine, "No.")
    giving_up = asyncio.create_task(said(engine, SENTENCE * 15))
    await asyncio.sleep(0.05)
    giving_up.cancel()
    with suppress(asyncio.CancelledError):
        await giving_up
    assert abs(seconds_of(await said(engine, "No.")) - seconds_of(right)) < 0.05


async def test_many_at_once_each_get_their_own(engine: LocalEngine) -> None:
    texts = [" ".join(["word"] * count) for count in range(1, 12)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(said(engine, text)) for text in texts]
    lengths = [seconds_of(task.result()) for task in tasks]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 4 * lengths[0]


async def test_after_the_end_nothing_runs(engine: LocalEngine) -> None:
    await said(engine, "One")
    pid = pid_of(engine)
    await engine.close()
    assert not is_alive(pid)


async def test_the_process_ends_with_a_dialer_that_is_killed() -> None:
    dialer = await asyncio.create_subprocess_exec(
        *program(
            "import asyncio\n"
            "from outdial.speech.espeak import LocalEngine\n"
            "from outdial.domain.voices import Voice\n"
            "async def main():\n"
            "    engine = LocalEngine()\n"
            "    await engine.speak('Hello', Voice())\n"
            "    print(engine._process.pid, flush=True)\n"
            "    await asyncio.sleep(60)\n"
            "asyncio.run(main())"
        ),
        stdout=PIPE,
    )
    assert dialer.stdout
    pid = int(await dialer.stdout.readline())
    assert is_alive(pid)
    dialer.kill()
    await dialer.wait()
    await eventually(lambda: not is_alive(pid), within_s=5)


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "raise SystemExit(1)",
        "import sys; sys.stdout.write('well'); sys.stdout.flush()",
    ],
)
async def test_an_engine_that_does_not_answer_is_unavailable_in_time(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "SPEAK_TIMEOUT_S", 0.5)
    engine = LocalEngine(program(code))
    for _ in range(2):
        with pytest.raises(Unavailable, match="does not answer"):
            await engine.speak("Hello", Voice())
    assert engine._process is None


async def test_an_engine_that_is_not_installed_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await LocalEngine((str(tmp_path / "gone"),)).speak("Hello", Voice())


@pytest.mark.parametrize(("hz", "kept"), [(440, True), (3000, True), (6000, False), (7500, False)])
def test_what_a_telephone_carries_is_kept_and_what_would_sound_false_is_not(hz: int, kept: bool) -> None:
    tone = (10_000 * np.sin(2 * np.pi * hz * np.arange(22050) / 22050)).astype("<i2").tobytes()
    made = np.frombuffer(at_telephone_rate(tone, 22050), "<i2").astype(float)
    assert len(made) == 8000
    middle = made[500:-500]
    if kept:
        expected = 10_000 * np.sin(2 * np.pi * hz * np.arange(8000) / 8000)[500:-500]
        assert np.abs(middle - expected).max() < 300
    else:
        assert np.abs(middle).max() < 200
