"""Whether a flow's texts can be said: each is said once, which also has it at hand for the calls."""

from __future__ import annotations

import asyncio

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.speech import Speech, WrittenText, text_problem, written_texts
from outdial.domain.templates import fill, slots_of
from outdial.speech.config import SpeechConfig
from outdial.speech.speaker import Speaker, open_speaker

AT_ONCE = 8
"""Texts asked of Polly at the same time."""


async def speech_problems(flow: IvrFlow, config: SpeechConfig) -> list[str]:
    """One sentence for each text that cannot be said, naming its field and its node.

    How a flow writes its texts is the flow's own check; here they are said.
    """
    texts = [text for text in written_texts(flow) if text_problem(text) is None]
    if not texts:
        return []
    saying = asyncio.Semaphore(AT_ONCE)
    async with open_speaker(config) as speaker, asyncio.TaskGroup() as group:

        async def say(text: WrittenText) -> str | None:
            async with saying:
                return await _why_not_said(text, speaker)

        tasks = [group.create_task(say(text)) for text in texts]
    return [problem for task in tasks if (problem := task.result())]


async def _why_not_said(text: WrittenText, speaker: Speaker) -> str | None:
    try:
        await speaker.say(_sample(text))
    except (InvalidInput, Unavailable) as error:
        return f"{text.place} {error}"
    return None


def _sample(text: WrittenText) -> Speech:
    """The text with its defaults, and the number one where it has none: that can be said in any language."""
    slots = slots_of(text.text)
    filled = fill(text.text, {slot.field: slot.default or "1" for slot in slots})
    return Speech(filled, text.voice, is_personal=bool(slots))
