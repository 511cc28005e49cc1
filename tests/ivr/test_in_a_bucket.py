"""Audio and messages may be kept in a bucket as in a folder."""

from __future__ import annotations

import asyncio
import re

import pytest

from outdial.campaigns.stored_recordings import write_recording
from outdial.dialer import audio_shelf
from outdial.dialer.audio_server import ListenAt, serve_audio
from outdial.dialer.audio_shelf import AudioShelf
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.messaging.aws_clients import open_client
from outdial.standalone.aws import REGION

BUCKET = "outdial-audio"


@pytest.fixture
async def storage_url(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a bucket; its endpoint is found as in a deployment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    async with open_client("s3", REGION, aws_endpoint) as s3:
        await s3.create_bucket(Bucket=BUCKET)
    return f"s3://{BUCKET}/outdial"


async def put(aws_endpoint: str, key: str, content: bytes) -> None:
    async with open_client("s3", REGION, aws_endpoint) as s3:
        await s3.put_object(Bucket=BUCKET, Key=key, Body=content)


async def test_audio_of_a_bucket_is_handed_out_and_a_change_is_seen(
    storage_url: str, aws_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_shelf, "LOOK_AGAIN_S", 0)
    shelf = AudioShelf(storage_url)
    async with serve_audio(shelf, ListenAt("127.0.0.1", 0, "127.0.0.1")):
        for content in (b"hello", b"hello again"):
            await put(aws_endpoint, "outdial/audio/he/hello.wav", content)
            address = await shelf.address_of("storage:he/hello.wav")
            found = await shelf.find(address.rpartition("/")[2])
            assert found is not None
            assert found.content == content
        with pytest.raises(
            InvalidInput, match=re.escape(f"is not there; put it at {storage_url}/audio/lost")
        ):
            await shelf.address_of("storage:lost.wav")


async def test_a_message_is_put_into_a_bucket(storage_url: str, aws_endpoint: str) -> None:
    where = await asyncio.to_thread(write_recording, storage_url, "campaign", "call-1.wav", b"RIFF")
    assert where == f"{storage_url}/recordings/campaign/call-1.wav"
    async with open_client("s3", REGION, aws_endpoint) as s3:
        kept = await s3.get_object(Bucket=BUCKET, Key="outdial/recordings/campaign/call-1.wav")
        assert await kept["Body"].read() == b"RIFF"


async def test_a_bucket_that_is_not_there_is_said(storage_url: str) -> None:
    with pytest.raises(Unavailable, match="cannot be written below s3://no-such-bucket"):
        await asyncio.to_thread(write_recording, "s3://no-such-bucket", "campaign", "call-1.wav", b"RIFF")
