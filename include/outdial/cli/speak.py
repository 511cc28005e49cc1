"""`outdial speak`: hear a text as people would hear it on the telephone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from outdial.cli.field_values import FieldValues, read_field_values
from outdial.cli.output import AsJson, print_json
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr.speech import WrittenText, text_problem
from outdial.domain.voices import Voice
from outdial.domain.written import field_problems
from outdial.settings import load_settings
from outdial.speech.config import SpeechConfig
from outdial.speech.speaker import open_speaker
from outdial.speech.wav import seconds_of


def speak(
    text: Annotated[str, typer.Argument(help="What to say; {{firstName|friend}} stands for a field.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The WAV to write.")],
    voice: Annotated[str, typer.Option(help="The language: en-US, ar, fr.")] = "en-US",
    name: Annotated[str | None, typer.Option(help="A voice of the engine's, such as Joanna.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="local or polly; without it what SPEECH_ENGINE says.")
    ] = None,
    known: FieldValues = None,
    as_json: AsJson = False,
) -> None:
    """Say a text into a file, as WAV of 8 kHz."""
    written = WrittenText("the text", text, _voice(voice, name, engine), None)
    if problem := text_problem(written):
        raise InvalidInput(f"the text {problem}")
    config = replace(load_settings().speech, storage_url="")
    wav, seconds = asyncio.run(_said(written, read_field_values(known), config))
    try:
        output.write_bytes(wav)
    except OSError as error:
        raise InvalidInput(
            f"{output} cannot be written: {error.strerror}; name another with --output"
        ) from error
    if as_json:
        print_json({"wav": output, "seconds": seconds, "engine": written.voice.engine or config.engine})
    else:
        print(f"Said in {seconds:g} s: {output}")


async def _said(written: WrittenText, metadata: dict[str, str], config: SpeechConfig) -> tuple[bytes, float]:
    speech = written.said_to(metadata)
    if speech is None:
        raise InvalidInput("the text names a field that is not given; add --with FIELD=VALUE, or a default")
    async with open_speaker(config) as speaker:
        try:
            wav = await speaker.say(speech)
        except InvalidInput as error:
            raise InvalidInput(*(f"the text {problem}" for problem in error.problems)) from error
    return wav, round(seconds_of(wav), 1)


def _voice(language: str, name: str | None, engine: str | None) -> Voice:
    try:
        return Voice.model_validate({"language": language, "name": name, "engine": engine})
    except ValidationError as error:
        raise InvalidInput(*(f"voice: {problem}" for problem in field_problems(error))) from error
