"""What an entry point tells the speaker. Apart from it, so that settings are read without its libraries."""

from __future__ import annotations

from dataclasses import dataclass

from outdial.domain.voices import EngineName


@dataclass(frozen=True)
class SpeechConfig:
    """Who speaks where a voice names no engine, where speech is kept (empty: nowhere), and where Polly is."""

    engine: EngineName = "local"
    storage_url: str = ""
    region: str = "us-east-1"
    endpoint_url: str | None = None
