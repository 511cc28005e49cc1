"""Audio of our storage reaches Asterisk over HTTP: by addresses nobody can guess, and nothing else does."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from outdial.dialer import audio_shelf
from outdial.dialer.audio_server import ListenAt, serve_audio
from outdial.dialer.audio_shelf import AudioShelf
from outdial.domain.errors import InvalidInput, Unavailable

YEAR_S = 365 * 24 * 3600


@asynccontextmanager
async def serving(
    storage: Path, most_bytes: int = 1 << 20
) -> AsyncGenerator[tuple[AudioShelf, httpx.AsyncClient]]:
    """A shelf over `storage`, served, and a client to ask."""
    shelf = AudioShelf(storage.as_uri(), most_bytes)
    at = ListenAt("127.0.0.1", 0, "127.0.0.1")
    async with serve_audio(shelf, at), httpx.AsyncClient(trust_env=False) as client:
        yield shelf, client


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage with audio in it, and things that are nobody's business."""
    (tmp_path / "audio" / "spring").mkdir(parents=True)
    (tmp_path / "audio" / "spring" / "hello.wav").write_bytes(b"hello")
    (tmp_path / "audio" / "other.ulaw").write_bytes(b"other")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "report.wav").write_bytes(b"secret")
    return tmp_path


async def test_a_flows_audio_is_handed_out_to_be_kept_for_ever(storage: Path) -> None:
    async with serving(storage) as (shelf, client):
        address = await shelf.address_of("storage:spring/hello.wav")
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/audio/[0-9a-f]{32}\.wav", address)
        answer = await client.get(address)
        assert (answer.status_code, answer.content) == (200, b"hello")
        assert answer.headers["Content-Type"] == "audio/wav"
        assert f"max-age={YEAR_S}" in answer.headers["Cache-Control"]
        assert "immutable" in answer.headers["Cache-Control"]
        again = await client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = await client.head(address)
        assert (head.status_code, head.headers["Content-Length"]) == (200, "5")


async def test_the_format_is_told_by_the_name(storage: Path) -> None:
    async with serving(storage) as (shelf, client):
        address = await shelf.address_of("storage:other.ulaw")
        assert address.endswith(".ulaw")
        assert (await client.get(address)).headers["Content-Type"] == "audio/basic"


async def test_audio_no_flow_has_named_is_not_there(storage: Path) -> None:
    async with serving(storage) as (shelf, client):
        base = (await shelf.address_of("storage:other.ulaw")).rpartition("/")[0]
        for path in (
            "5891b5b522d5df086d0ff0b110fbd9d2.wav",
            "spring/hello.wav",
            "hello.wav",
            "..%2freports%2freport.wav",
            "../reports/report.wav",
            "",
        ):
            assert (await client.get(f"{base}/{path}")).status_code == 404


@pytest.mark.parametrize(
    "audio",
    [
        "sound:hello",
        "https://cdn.test/a.wav?x=1&y=2",
        "storage:../reports/report.wav",
        "storage:/etc/passwd.wav",
    ],
)
async def test_only_stored_audio_goes_over_the_shelf(storage: Path, audio: str) -> None:
    async with serving(storage) as (shelf, _):
        assert await shelf.address_of(audio) == audio.removeprefix("sound:")


async def test_what_is_not_there_is_said(storage: Path) -> None:
    async with serving(storage) as (shelf, _):
        with pytest.raises(InvalidInput, match=r"is not there; put it at .*audio/lost\.wav"):
            await shelf.address_of("storage:lost.wav")


async def test_changed_audio_gets_another_address(storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_shelf, "LOOK_AGAIN_S", 0)
    async with serving(storage) as (shelf, client):
        before = await shelf.address_of("storage:spring/hello.wav")
        (storage / "audio" / "spring" / "hello.wav").write_bytes(b"hello again")
        after = await shelf.address_of("storage:spring/hello.wav")
        assert before != after
        assert (await client.get(after)).content == b"hello again"
        assert (await client.get(before)).status_code == 404


async def test_what_memory_does_not_hold_is_read_again(storage: Path) -> None:
    (storage / "audio" / "big.wav").write_bytes(b"x" * 600)
    (storage / "audio" / "bigger.wav").write_bytes(b"y" * 600)
    async with serving(storage, most_bytes=1000) as (shelf, client):
        addresses = [await shelf.address_of(f"storage:{name}.wav") for name in ("big", "bigger")]
        for _ in range(2):
            sizes = [len((await client.get(address)).content) for address in addresses]
            assert sizes == [600, 600]
        assert shelf.held_bytes <= 1000


async def test_speech_is_handed_out_by_an_address_nobody_can_guess(storage: Path) -> None:
    async with serving(storage) as (shelf, client):
        address = shelf.address_of_speech(b"hello")
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/audio/[0-9a-f]{32}\.wav", address)
        answer = await client.get(address)
        assert (answer.content, answer.headers["Content-Type"]) == (b"hello", "audio/wav")
        assert shelf.address_of_speech(b"hello") == address
        assert shelf.address_of_speech(b"hello, Dana") != address


async def test_of_speech_the_memory_holds_the_newest(storage: Path) -> None:
    async with serving(storage, most_bytes=1000) as (shelf, client):
        addresses = [shelf.address_of_speech(bytes([nth]) * 400) for nth in range(4)]
        statuses = [(await client.get(address)).status_code for address in addresses]
        assert statuses == [404, 404, 200, 200]


async def test_a_taken_port_is_said_with_its_name(storage: Path) -> None:
    async with serving(storage) as (shelf, _):
        port = int(shelf.base_url.rpartition(":")[2])
        with pytest.raises(Unavailable, match=f"cannot listen for audio on 127.0.0.1:{port}.*AUDIO_PORT"):
            async with serve_audio(AudioShelf(""), ListenAt("127.0.0.1", port, "127.0.0.1")):
                pytest.fail("two servers on one port")
