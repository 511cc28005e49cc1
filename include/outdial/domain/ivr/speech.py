"""What a call hears at each place of a flow: audio by its name, or text for a voice to say.

Where both are written, the text is said, and the audio is for when it cannot be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from outdial.domain.ivr.flow import IvrFlow, IvrNode
from outdial.domain.templates import ValueMissing, fill, slots_of, template_problem
from outdial.domain.voices import Voice, foreign_letters, is_written_in

Metadata = Mapping[str, Any]

_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class Speech:
    """Text for a voice; `instead` is audio for when it cannot be said. A personal one is of one contact."""

    text: str
    voice: Voice
    is_personal: bool = False
    instead: str | None = None

    def __str__(self) -> str:
        """For logs, which do not tell what is known of people."""
        return "a contact's own text" if self.is_personal else f'"{self.text[:_SHOWN_CHARS]}"'


Prompt = str | Speech
"""What is played: audio as a flow names it, or speech."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text as a flow writes it; `place` names its field and its node."""

    place: str
    text: str
    voice: Voice
    instead: str | None

    def said_to(self, metadata: Metadata) -> Speech | None:
        """The text for one contact; None where it has no value for one of its places."""
        try:
            text = fill(self.text, metadata, partial(is_written_in, voice=self.voice))
        except ValueMissing:
            return None
        return Speech(text, self.voice, bool(slots_of(self.text)), self.instead)


def node_prompt(flow: IvrFlow, node: IvrNode, metadata: Metadata) -> Prompt | None:
    """What a node says."""
    return _prompt(node.text, node.audio_url, _voice(flow, node), metadata)


def apology(flow: IvrFlow, node: IvrNode, metadata: Metadata, *, was_silent: bool) -> Prompt | None:
    """What is said after a wrong key, or after silence, before the prompt comes again."""
    voice = _voice(flow, node)
    if was_silent:
        own = _prompt(node.timeout_text, node.timeout_audio_url, voice, metadata)
        return own or _prompt(flow.timeout_text, flow.timeout_audio_url, _voice(flow), metadata)
    own = _prompt(node.invalid_text, node.invalid_audio_url, voice, metadata)
    return own or _prompt(flow.invalid_text, flow.invalid_audio_url, _voice(flow), metadata)


def opt_out_prompt(flow: IvrFlow, metadata: Metadata) -> Prompt | None:
    """What is said after an opt-out for which the flow names no confirmation."""
    return _prompt(flow.opt_out_text, flow.opt_out_audio_url, _voice(flow), metadata)


def written_texts(flow: IvrFlow) -> Iterator[WrittenText]:
    """Every text of a flow."""
    for field, text, instead in (
        ("optOutText", flow.opt_out_text, flow.opt_out_audio_url),
        ("invalidText", flow.invalid_text, flow.invalid_audio_url),
        ("timeoutText", flow.timeout_text, flow.timeout_audio_url),
    ):
        if text is not None:
            yield WrittenText(field, text, _voice(flow), instead)
    for node in flow.nodes:
        yield from texts_of(flow, node)


def texts_of(flow: IvrFlow, node: IvrNode) -> Iterator[WrittenText]:
    """The texts of one node."""
    for field, text, instead in (
        ("text", node.text, node.audio_url),
        ("invalidText", node.invalid_text, node.invalid_audio_url),
        ("timeoutText", node.timeout_text, node.timeout_audio_url),
    ):
        if text is not None:
            yield WrittenText(f'node "{node.id}": {field}', text, _voice(flow, node), instead)


def text_problem(written: WrittenText) -> str | None:
    """Why the text cannot be said, in words that follow its place; what only an engine knows, it says."""
    if not any(letter.isalnum() for letter in written.text):
        return "says nothing; write what is to be said"
    problem = template_problem(written.text)
    if problem:
        return problem
    return foreign_letters(written.text, written.voice)


def _prompt(text: str | None, audio: str | None, voice: Voice, metadata: Metadata) -> Prompt | None:
    if text is None:
        return audio
    return WrittenText("", text, voice, audio).said_to(metadata) or audio


def _voice(flow: IvrFlow, node: IvrNode | None = None) -> Voice:
    return (node.voice if node else None) or flow.voice or Voice()
