"""What a campaign wants done when a machine answers, and how to tell one: `config.amd` of a campaign file."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from pydantic import Field

from outdial.domain.ivr.audio import AUDIO_FORM, is_playable
from outdial.domain.written import Written

PROMISED_S = 2.0
"""A recorded message begins within this time of the answer (16 CFR 310.4(b)(4)(iii))."""

_FIRST_WORD_MS = 250
"""From the end of detection to the first sound of a prompt, on a busy machine."""


class WhoAnswered(StrEnum):
    """Whom a call is spoken to as."""

    PERSON = "human"
    MACHINE = "machine"


class MachineMessage(StrEnum):
    """What became of the message for a machine.

    `begun` stands from before its first word until the call is settled; `cut` is one that ended early, by a
    key or a hang-up; `unplayed` had nothing that could be heard.
    """

    BEGUN = "begun"
    LEFT = "left"
    CUT = "cut"
    UNPLAYED = "unplayed"


class AnsweringMachines(Written):
    """Detection by Asterisk's AMD(), whose thresholds these are, and what follows.

    AMD() adds up voice and silence from the answer on. Longer voice than `greeting_ms`, more words than
    `maximum_words`, or a word longer than `maximum_word_ms` is a machine; `after_greeting_silence_ms` of
    silence after a first word is a person; who says nothing for `initial_silence_ms` is taken for a machine,
    which by default never comes before `total_analysis_ms`, when AMD() gives up and is not sure.
    """

    machine: Literal["hang_up", "leave_message"] = "hang_up"
    message_url: str | None = Field(default=None, max_length=1500)
    not_sure: WhoAnswered = WhoAnswered.PERSON

    initial_silence_ms: int = Field(default=5000, ge=100, le=60_000)
    greeting_ms: int = Field(default=1200, ge=100, le=60_000)
    after_greeting_silence_ms: int = Field(default=700, ge=100, le=10_000)
    total_analysis_ms: int = Field(default=1700, ge=200, le=60_000)
    minimum_word_ms: int = Field(default=100, ge=20, le=5000)
    between_words_silence_ms: int = Field(default=50, ge=20, le=5000)
    maximum_words: int = Field(default=3, ge=1, le=100)
    silence_threshold: int = Field(default=256, ge=1, le=32_767)
    maximum_word_ms: int = Field(default=5000, ge=100, le=60_000)

    message_after_silence_ms: int = Field(default=2000, ge=500, le=10_000)
    greeting_at_most_seconds: int = Field(default=45, ge=5, le=180)

    @property
    def leaves_message(self) -> bool:
        """Is there something to say to a machine?"""
        return self.machine == "leave_message"


def machine_problems(amd: AnsweringMachines) -> Iterator[str]:
    """One sentence for each setting that cannot be or contradicts another, by its name within `amd`.

    Whether the message itself is there is asked with all other audio.
    """
    if amd.message_url is not None and not is_playable(amd.message_url):
        yield f"messageUrl: {amd.message_url} is no audio Asterisk can reach; it {AUDIO_FORM}"
    if amd.leaves_message and amd.message_url is None:
        yield "messageUrl: leave_message has no message; give its audio, or write machine: hang_up"
    if not amd.leaves_message and amd.message_url is not None:
        yield "messageUrl: is never heard, as machine is hang_up; write leave_message, or remove it"
    if amd.greeting_ms >= amd.total_analysis_ms:
        yield (
            f"greetingMs: {amd.greeting_ms} is never reached, as totalAnalysisMs ends detection after "
            f"{amd.total_analysis_ms}: no machine would be found; lower it"
        )
    if amd.minimum_word_ms > amd.greeting_ms:
        yield f"minimumWordMs: {amd.minimum_word_ms} is more than greetingMs {amd.greeting_ms}; lower it"


def machine_remarks(amd: AnsweringMachines) -> Iterator[str]:
    """What may be meant but has a price, by the setting's name within `amd`."""
    if amd.total_analysis_ms + _FIRST_WORD_MS > PROMISED_S * 1000:
        yield (
            f"totalAnalysisMs: a person may hear nothing for {amd.total_analysis_ms} ms and more; in the US "
            f"a recorded message is to begin within {PROMISED_S:g} s of the answer"
        )
    if amd.initial_silence_ms < amd.total_analysis_ms:
        yield (
            f"initialSilenceMs: whoever says nothing for {amd.initial_silence_ms} ms is taken for a machine; "
            "many people wait for the caller to speak"
        )
    if amd.not_sure is WhoAnswered.MACHINE:
        yield "notSure: people whom detection cannot tell from machines are treated as machines"
