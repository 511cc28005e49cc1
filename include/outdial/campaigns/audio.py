"""Whether the audio a campaign names is there: its web servers are asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from http import HTTPStatus

import httpx

from outdial.domain.campaign import CampaignConfig
from outdial.domain.ivr_flow import SOUND_PREFIX

TIMEOUT_S = 5.0
AT_ONCE = 8
"""Addresses asked at the same time."""

_SOUND_NAME = re.compile(SOUND_PREFIX + r"[A-Za-z0-9_][A-Za-z0-9_/-]*")
_HEAD_NOT_SERVED = frozenset({
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
})


async def audio_problems(config: CampaignConfig) -> list[str]:
    """One sentence for each audio that cannot be played, with the field that names it.

    Asterisk fetches web addresses and has sounds of its own (`sound:name`, taken at its word); it sees no
    other storage of ours. How a flow writes its audio is the flow's own check.
    """
    places: dict[str, list[str]] = {}
    for place, url in _named_audio(config):
        places.setdefault(url, []).append(place)
    asking = asyncio.Semaphore(AT_ONCE)
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=True) as client,
        asyncio.TaskGroup() as group,
    ):
        tasks = {url: group.create_task(_why_unplayable(url, client, asking)) for url in places}
    answers = ((url, task.result()) for url, task in tasks.items())
    return [f"{place}: {url} {why}" for url, why in answers if why for place in places[url]]


def _named_audio(config: CampaignConfig) -> Iterator[tuple[str, str]]:
    if config.audio_file_url and not _SOUND_NAME.fullmatch(config.audio_file_url):
        yield "config.audioFileUrl", config.audio_file_url
    if config.ivr_flow is None:
        return
    if _is_on_the_web(config.ivr_flow.opt_out_audio_url):
        yield "config.ivrFlow: optOutAudioUrl", config.ivr_flow.opt_out_audio_url or ""
    for node in config.ivr_flow.nodes:
        if _is_on_the_web(node.audio_url):
            yield f'config.ivrFlow: node "{node.id}"', node.audio_url or ""


def _is_on_the_web(url: str | None) -> bool:
    return (url or "").startswith(("http://", "https://"))


async def _why_unplayable(url: str, client: httpx.AsyncClient, asking: asyncio.Semaphore) -> str | None:
    if not _is_on_the_web(url):
        return f"is no audio Asterisk can reach; give an http(s) address or {SOUND_PREFIX}name"
    try:
        async with asking, asyncio.timeout(2 * TIMEOUT_S):
            status = (await client.head(url)).status_code
            if status in _HEAD_NOT_SERVED:
                async with client.stream("GET", url) as answer:
                    status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return f"does not answer ({str(error) or 'timeout'}); check the address"
    return None if status < HTTPStatus.BAD_REQUEST else f"answers {status}; check the address"
