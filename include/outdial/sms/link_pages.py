"""What a short link of a text answers: it leads on to where its text said, and nowhere else.

The gateway's web server mounts `link_routes`. Nothing of a request but its code says where it leads.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable
from functools import cache
from html import escape
from http import HTTPStatus
from importlib import resources
from string import Template
from uuid import uuid4

from aiohttp import web
from psycopg import OperationalError
from pydantic import BaseModel, ConfigDict, TypeAdapter

from outdial.domain.clock import Clock
from outdial.domain.errors import InvalidInput
from outdial.domain.sms.link_codes import CODE_LENGTH, link_id_in, secret_problem
from outdial.domain.sms.visitors import asks_ahead, visitor_of
from outdial.storage.links import StoredLink, Visit, read_link
from outdial.storage.pool import Pool
from outdial.telemetry.logs import get_logger

LOOKUP_TIMEOUT_S = 3.0
RETRY_AFTER_S = 10
KEPT_OF_AN_AGENT = 300

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Vary": "Accept-Language",
}

log = get_logger(__name__)


class _Words(BaseModel):
    """What the pages say in a language: a sentence, and one on what to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str
    direction: str
    unknown: tuple[str, str]
    expired: tuple[str, str]
    later: tuple[str, str]


def link_routes(
    pool: Pool, secret: bytes, clock: Clock, on_visit: Callable[[Visit], None]
) -> list[web.RouteDef]:
    """Routes for `/CODE`; `on_visit` gets every visit to a link that leads somewhere, and must not block.

    Raises InvalidInput for a secret that can be guessed.
    """
    if problem := secret_problem(secret):
        raise InvalidInput(f"LINKS_SECRET {problem}")
    return [web.get("/{code}", _Doorman(pool, secret, clock, on_visit).lead_on)]


class _Doorman:
    """Answers one path; a code that is not ours never reaches the database."""

    def __init__(self, pool: Pool, secret: bytes, clock: Clock, on_visit: Callable[[Visit], None]) -> None:
        self._pool = pool
        self._secret = secret
        self._clock = clock
        self._on_visit = on_visit

    async def lead_on(self, request: web.Request) -> web.Response:
        """GET or HEAD of a code."""
        link_id = link_id_in(_code_in(request.match_info["code"]), self._secret)
        if link_id is None:
            return _page(request, HTTPStatus.NOT_FOUND)
        try:
            link = await self._look_up(link_id)
        except (OperationalError, TimeoutError) as error:
            log.warning("a link cannot be looked up", link_id=link_id, reason=str(error) or "timeout")
            return _page(request, HTTPStatus.SERVICE_UNAVAILABLE)
        now = self._clock()
        if link is None or link.expires_at <= now:
            return _page(request, HTTPStatus.GONE)
        visitor = visitor_of(request.method, request.headers)
        self._on_visit(Visit(uuid4(), link_id, now, visitor, _agent_of(request)))
        if asks_ahead(request.headers):
            return _page(request, HTTPStatus.SERVICE_UNAVAILABLE)
        return web.Response(status=HTTPStatus.FOUND, headers={**_HEADERS, "Location": link.url})

    async def _look_up(self, link_id: int) -> StoredLink | None:
        async with asyncio.timeout(LOOKUP_TIMEOUT_S), self._pool.connection() as conn:
            return await read_link(conn, link_id)


def _code_in(path: str) -> str:
    # Telephones take for a part of a link what follows it: a full stop, a bracket, a mark of direction.
    code, behind = path[:CODE_LENGTH], path[CODE_LENGTH:]
    return path if any(map(str.isalnum, behind)) else code


def _agent_of(request: web.Request) -> str:
    # Octets that are no text come as halves of characters, which no database takes.
    agent = request.headers.get("User-Agent", "")[:KEPT_OF_AN_AGENT]
    return agent.encode(errors="replace").decode()


def _page(request: web.Request, status: HTTPStatus) -> web.Response:
    words = _words_for(request.headers.get("Accept-Language", ""))
    title, advice = {
        HTTPStatus.NOT_FOUND: words.unknown,
        HTTPStatus.GONE: words.expired,
        HTTPStatus.SERVICE_UNAVAILABLE: words.later,
    }[status]
    said = {"language": words.language, "direction": words.direction, "title": title, "advice": advice}
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return web.Response(
        status=status,
        text=_template().substitute({name: escape(value) for name, value in said.items()}),
        content_type="text/html",
        charset="utf-8",
        headers={**_HEADERS, **_PAGE_HEADERS, "Content-Language": words.language, **retry},
    )


def _words_for(accepted: str) -> _Words:
    """The words in the first language of an Accept-Language that has some; browsers put the best first."""
    known = _words()
    for written in accepted.split(","):
        language = written.partition(";")[0].partition("-")[0].strip().lower()
        if language in known:
            return known[language]
    return known["en"]


@cache
def _words() -> dict[str, _Words]:
    text = (resources.files("outdial.sms") / "link_pages.toml").read_text("utf-8")
    words = TypeAdapter(tuple[_Words, ...]).validate_python(tomllib.loads(text)["words"])
    return {each.language: each for each in words}


@cache
def _template() -> Template:
    return Template((resources.files("outdial.sms") / "link_page.html").read_text("utf-8"))
