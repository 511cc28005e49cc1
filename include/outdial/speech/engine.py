"""What every speech engine can do."""

from __future__ import annotations

from typing import Protocol

from outdial.domain.voices import EngineName, Voice


class Engine(Protocol):
    """Makes speech; one of them serves a whole process."""

    @property
    def name(self) -> EngineName:
        """As campaigns and settings write it."""
        ...

    async def speak(self, text: str, voice: Voice) -> bytes:
        """The text as WAV of 8 kHz, 16 bits, one channel.

        Raises InvalidInput where there is no such voice or it cannot say the text, Unavailable where the
        engine fails.
        """
        ...

    async def close(self) -> None:
        """Let go of what the engine holds; it can be used again."""
        ...
