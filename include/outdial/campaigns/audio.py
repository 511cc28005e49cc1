"""Whether the audio a campaign names is there: asked of its web server or of the storage."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from http import HTTPStatus

import httpx
from upath import UPath

from outdial.domain.campaign import CampaignConfig

TIMEOUT_S = 5.0
AT_ONCE = 8
"""Addresses asked at the same time."""

SOUND = "sound:"
_SOUND_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
_HEAD_NOT_SERVED = frozenset({
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
})


async def audio_problems(config: CampaignConfig, storage_url: str) -> list[str]:
    """One sentence for each audio that cannot be had, with the field that names it.

    `sound:name` is a prompt of Asterisk's own and is taken at its word; what is no web address is a file,
    relative to `storage_url`.
    """
    places: dict[str, list[str]] = {}
    for place, url in _named_audio(config):
        places.setdefault(url, []).append(place)
    asking = asyncio.Semaphore(AT_ONCE)
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=True) as client,
        asyncio.TaskGroup() as group,
    ):
        tasks = {url: group.create_task(_why_unplayable(url, client, storage_url, asking)) for url in places}
    answers = ((url, task.result()) for url, task in tasks.items())
    return [f"{place}: {url} {why}" for url, why in answers if why for place in places[url]]


def _named_audio(config: CampaignConfig) -> Iterator[tuple[str, str]]:
    if config.audio_file_url:
        yield "config.audioFileUrl", config.audio_file_url
    if config.ivr_flow is None:
        return
    if config.ivr_flow.opt_out_audio_url:
        yield "config.ivrFlow.optOutAudioUrl", config.ivr_flow.opt_out_audio_url
    for node in config.ivr_flow.nodes:
        if node.audio_url:
            yield f"config.ivrFlow node {node.id!r} audioUrl", node.audio_url


async def _why_unplayable(
    url: str, client: httpx.AsyncClient, storage_url: str, asking: asyncio.Semaphore
) -> str | None:
    if url.startswith(SOUND):
        named = _SOUND_NAME.fullmatch(url.removeprefix(SOUND))
        return None if named else "is no sound's name; write one like sound:hello-world"
    async with asking:
        if url.lower().startswith(("http://", "https://")):
            return await _why_not_served(url, client)
        return await _why_not_stored(url, storage_url)


async def _why_not_served(url: str, client: httpx.AsyncClient) -> str | None:
    try:
        async with asyncio.timeout(2 * TIMEOUT_S):
            status = (await client.head(url)).status_code
            if status in _HEAD_NOT_SERVED:
                async with client.stream("GET", url) as answer:
                    status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return f"does not answer ({str(error) or 'timeout'}); check the address"
    return None if status < HTTPStatus.BAD_REQUEST else f"answers {status}; check the address"


async def _why_not_stored(url: str, storage_url: str) -> str | None:
    try:
        async with asyncio.timeout(2 * TIMEOUT_S):
            exists = await asyncio.to_thread(_is_file, url, storage_url)
    except TimeoutError:
        return "was not found in time; check STORAGE_URL"
    except (OSError, ValueError, ImportError) as error:
        return f"cannot be looked for ({error}); check STORAGE_URL"
    return None if exists else "does not exist; put it there, or correct the name"


def _is_file(url: str, storage_url: str) -> bool:
    path = UPath(url) if "://" in url else UPath(storage_url) / url
    return path.is_file()
