"""What the IVR needs beside the call: audio for Asterisk, messages from it, and posts to the outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from outdial.dialer.audio_server import ListenAt, serve_audio
from outdial.dialer.audio_shelf import AudioShelf
from outdial.dialer.recorder import Recorder
from outdial.dialer.webhooks import WebhookRules, Webhooks
from outdial.domain.campaign import CampaignConfig
from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr_audio import named_audio, stored_name
from outdial.domain.ivr_default import flow_of
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class IvrServicesConfig:
    """Where audio and recordings are kept, which ports Asterisk reaches us at, and who signs webhooks."""

    storage_url: str = ""
    audio_port: int = 0
    recording_port: int = 0
    webhooks: WebhookRules = field(default_factory=WebhookRules)


class IvrServices:
    """One for each dialer; `serve` comes before the first call and ends after the last."""

    def __init__(self, config: IvrServicesConfig, clock: Clock) -> None:
        self.shelf = AudioShelf(config.storage_url)
        self.recorder = Recorder(config.storage_url)
        self.webhooks = Webhooks(config.webhooks, clock)
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

    def prepare(self, config: CampaignConfig) -> None:
        """A call of this campaign is on its way: have its audio at hand before anybody answers."""
        flow = flow_of(config)
        if flow is None or not any(stored_name(named.audio) for named in named_audio(flow)):
            return
        task = asyncio.create_task(self._fetch({named.audio for named in named_audio(flow)}))
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def drain(self, timeout_s: float) -> None:
        """Give messages that are being saved, and posts that wait, a last chance."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.recorder.drain(timeout_s))
            group.create_task(self.webhooks.drain(timeout_s))

    async def _fetch(self, audio: set[str]) -> None:
        for one in audio:
            try:
                await self.shelf.address_of(one)
            except (InvalidInput, Unavailable) as error:
                log.warning("audio is not at hand", audio=one, reason=str(error))
