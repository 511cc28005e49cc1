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

    async def voice_id(self, voice: Voice) -> str:
        """The engine's own name of the voice that would speak.

        Raises InvalidInput where it has none, Unavailable where it cannot say.
        """
        ...

    async def speak(self, text: str, voice_id: str) -> bytes:
        """The text as WAV of 8 kHz, 16 bits, one channel.

        Raises InvalidInput where the text cannot be said, Unavailable where the engine fails.
        """
        ...

    async def close(self) -> None:
        """Let go of what the engine holds; it can be used again."""
        ...
