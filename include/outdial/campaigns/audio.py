"""Whether the audio a campaign names is there and can be played: web servers and our storage are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http import HTTPStatus

import httpx

from outdial.domain.answering_machines import AnsweringMachines
from outdial.domain.campaign import CampaignConfig
from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.audio import (
    AUDIO_FORM,
    FORMATS,
    NamedAudio,
    extension,
    is_on_the_web,
    is_playable,
    named_audio,
    stored_name,
)
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.sound import sound_problem

TIMEOUT_S = 5.0
STORAGE_TIMEOUT_S = 30.0
AT_ONCE = 8
"""Addresses asked at the same time."""

# MP3 too, where format_mp3 is loaded, which we cannot see from here.
_KNOWN = frozenset({*FORMATS, "mp3"})
_HEAD_NOT_SERVED = frozenset({
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
})


async def audio_problems(config: CampaignConfig, storage_url: str) -> list[str]:
    """One sentence for each audio that cannot be played, with the field that names it.

    Sounds that Asterisk has (`sound:name`) are taken at their word. How a flow writes its audio is the flow's
    own check; here it is asked for.
    """
    problems: list[str] = []
    written = config.audio_file_url
    if written is not None and not is_playable(written):
        problems.append(f"config.audioFileUrl: {written} is no audio Asterisk can reach; it {AUDIO_FORM}")
    return problems + await _missing(list(_named(config)), storage_url)


async def flow_audio_problems(
    flow: IvrFlow, storage_url: str, amd: AnsweringMachines | None = None
) -> list[str]:
    """The same for a flow, and for the message that its machines are left, naming node or field."""
    message = [NamedAudio("amd.messageUrl", amd.message_url)] if amd and amd.message_url else []
    return await _missing([*named_audio(flow), *message], storage_url)


def _named(config: CampaignConfig) -> Iterator[NamedAudio]:
    if config.audio_file_url is not None:
        yield NamedAudio("config.audioFileUrl", config.audio_file_url)
    if config.amd is not None and config.amd.message_url is not None:
        yield NamedAudio("config.amd.messageUrl", config.amd.message_url)
    for named in named_audio(config.ivr_flow) if config.ivr_flow else ():
        yield NamedAudio(f"config.ivrFlow: {named.place}", named.audio)


async def _missing(named: list[NamedAudio], storage_url: str) -> list[str]:
    asking = asyncio.Semaphore(AT_ONCE)
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=True) as client,
        asyncio.TaskGroup() as group,
    ):

        async def ask(audio: str) -> str | None:
            async with asking:
                name = stored_name(audio)
                return (
                    await _why_not_stored(name, storage_url) if name else await _why_not_served(audio, client)
                )

        tasks = {
            audio: group.create_task(ask(audio))
            for audio in {one.audio for one in named}
            if is_on_the_web(audio) or stored_name(audio)
        }
    answers = {audio: why for audio, task in tasks.items() if (why := task.result())}
    return [f"{one.place}: {one.audio} {answers[one.audio]}" for one in named if one.audio in answers]


async def _why_not_stored(name: str, storage_url: str) -> str | None:
    from outdial.campaigns.stored_audio import read_stored_audio  # noqa: PLC0415 - DAGs are parsed without it

    try:
        async with asyncio.timeout(STORAGE_TIMEOUT_S):
            content = await asyncio.to_thread(read_stored_audio, storage_url, name)
    except (InvalidInput, Unavailable, TimeoutError) as error:
        return str(error) or "cannot be read: the storage does not answer; check STORAGE_URL"
    return sound_problem(name, content)


async def _why_not_served(url: str, client: httpx.AsyncClient) -> str | None:
    try:
        async with asyncio.timeout(2 * TIMEOUT_S):
            answer = await client.head(url)
            if answer.status_code in _HEAD_NOT_SERVED:
                async with client.stream("GET", url) as answer:
                    pass
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return f"does not answer ({str(error) or 'timeout'}); check the address"
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        return f"answers {answer.status_code}; check the address"
    return _why_not_audio(httpx.URL(url).path, answer.headers.get("Content-Type", ""))


def _why_not_audio(path: str, content_type: str) -> str | None:
    """Asterisk tells the format by the address's extension, or else by the type its server says."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in {"text/html", "application/json"}:
        return f"is no audio: its server says {kind}; check the address"
    if extension(path.rpartition("/")[2]) in _KNOWN or kind.startswith("audio/"):
        return None
    return (
        f"has no format that Asterisk knows: end the address in .wav (or {', '.join(FORMATS)}), "
        f"or have its server say audio/wav instead of {kind or 'nothing'}"
    )
