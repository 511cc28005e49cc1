"""What the IVR needs beside the call: audio for Asterisk, messages from it, and posts to the outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from outdial.dialer.audio_server import ListenAt, serve_audio
from outdial.dialer.audio_shelf import AudioShelf
from outdial.dialer.recorder import Recorder
from outdial.dialer.webhooks import WebhookRules, Webhooks
from outdial.domain.campaign import CampaignConfig
from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.audio import named_audio, stored_name
from outdial.domain.ivr.default import flow_of
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.speech import Prompt, Speech, written_texts
from outdial.speech.config import SpeechConfig
from outdial.speech.speaker import Speaker
from outdial.telemetry.logs import get_logger

PREPARING_AT_ONCE = 50
"""Where calls begin faster than texts are made, those of further calls are made when they are answered."""

log = get_logger(__name__)


@dataclass(frozen=True)
class IvrServicesConfig:
    """Where audio and recordings are kept, which ports Asterisk reaches us at, and who signs webhooks."""

    storage_url: str = ""
    audio_port: int = 0
    recording_port: int = 0
    webhooks: WebhookRules = field(default_factory=WebhookRules)
    speech: SpeechConfig = field(default_factory=SpeechConfig)


class IvrServices:
    """One for each dialer; `serve` comes before the first call and ends after the last."""

    def __init__(self, config: IvrServicesConfig, clock: Clock) -> None:
        self.shelf = AudioShelf(config.storage_url)
        self.recorder = Recorder(config.storage_url)
        self.webhooks = Webhooks(config.webhooks, clock)
        self.speaker = Speaker(config.speech)
        self._config = config
        self._preparing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serve(self, host: str, advertised_host: str) -> AsyncGenerator[None]:
        """Listen while the block runs. Raises Unavailable where a port cannot be taken."""
        audio_at = ListenAt(host, self._config.audio_port, advertised_host)
        recording_at = ListenAt(host, self._config.recording_port, advertised_host)
        async with serve_audio(self.shelf, audio_at), self.recorder.serve(recording_at):
            try:
                yield
            finally:
                for task in self._preparing:
                    task.cancel()
                await self.speaker.close()

    async def locate(self, prompt: Prompt, *, is_urgent: bool = True) -> str:
        """What Asterisk plays for a prompt, urgent where somebody waits on the line.

        Raises InvalidInput or Unavailable where it cannot be had.
        """
        if isinstance(prompt, Speech):
            return self.shelf.address_of_speech(await self.speaker.say(prompt, is_urgent=is_urgent))
        return await self.shelf.address_of(prompt)

    def prepare(self, config: CampaignConfig, metadata: Mapping[str, Any]) -> None:
        """A call of this campaign is on its way: have what it says at hand before anybody answers."""
        flow = flow_of(config)
        prompts = (_prepared(flow, metadata) if flow else set[Prompt]()) | _message_for_machines(config)
        if not prompts or len(self._preparing) >= PREPARING_AT_ONCE:
            return
        task = asyncio.create_task(self._fetch(prompts))
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def drain(self, timeout_s: float) -> None:
        """Give messages that are being saved, and posts that wait, a last chance."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.recorder.drain(timeout_s))
            group.create_task(self.webhooks.drain(timeout_s))

    async def _fetch(self, prompts: set[Prompt]) -> None:
        for prompt in prompts:
            try:
                await self.locate(prompt, is_urgent=False)
            except (InvalidInput, Unavailable) as error:
                log.warning("audio is not at hand", audio=str(prompt), reason=str(error))


def _prepared(flow: IvrFlow, metadata: Mapping[str, Any]) -> set[Prompt]:
    stored = {named.audio for named in named_audio(flow) if stored_name(named.audio)}
    said = {speech for text in written_texts(flow) if (speech := text.said_to(metadata))}
    return stored | said


def _message_for_machines(config: CampaignConfig) -> set[Prompt]:
    message = config.amd.message_url if config.amd else None
    return {message} if message and stored_name(message) else set()
