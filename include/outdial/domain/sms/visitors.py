"""Who follows a link of a text: a person, a program that shows a preview of it, or any other program.

It is told by what a visitor says of itself; a program that says it is a browser passes for a person.
`visitors.toml` has the previewers with their sources, `is_crawler` knows the other programs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Literal

from is_crawler import is_crawler
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

AGENT_LENGTH = 1000
"""Characters of an agent that are read; browsers inside apps have some hundreds."""


class Visitor(StrEnum):
    """Who visits a link."""

    PERSON = "person"
    """A browser that opens the page."""
    OWN_PREVIEWER = "own_previewer"
    """The telephone that has the text, before anybody touches the link."""
    PREVIEWER = "previewer"
    """Another app, in which somebody passes the link on."""
    BOT = "bot"
    """Crawlers, scanners of networks, checkers, and all that does not say what it is."""


class Previewer(BaseModel):
    """A program that previews links; what each field means stands at the head of `visitors.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    begins: str = ""
    has: tuple[str, ...] = ()
    own: bool
    source: str = Field(min_length=1)
    url: str
    evidence: Literal["primary", "secondary", "ours"]
    note: str
    checked: date

    def sent(self, agent: str) -> bool:
        """Is it the sender of this User-Agent?"""
        return agent.startswith(self.begins) and all(part in agent.lower() for part in self.has)


@cache
def previewers() -> tuple[Previewer, ...]:
    """The known previewers, in the order in which they are tried."""
    text = (resources.files("outdial.domain.sms") / "visitors.toml").read_text("utf-8")
    return TypeAdapter(tuple[Previewer, ...]).validate_python(tomllib.loads(text)["previewer"])


def visitor_of(method: str, headers: Mapping[str, str]) -> Visitor:
    """Who asks for a link with this method and these headers, whose names `get` finds in any case."""
    agent = headers.get("User-Agent", "")[:AGENT_LENGTH]
    for previewer in previewers():
        if previewer.sent(agent):
            return Visitor.OWN_PREVIEWER if previewer.own else Visitor.PREVIEWER
    if not _is_browser(agent):
        return Visitor.BOT
    if asks_ahead(headers):
        return Visitor.OWN_PREVIEWER
    return Visitor.PERSON if method == "GET" and _opens_a_page(headers) else Visitor.BOT


def asks_ahead(headers: Mapping[str, str]) -> bool:
    """Does a browser ask for the page before anybody wants it: to have it ready, or to show it small?

    Refused, it asks again when somebody does.
    """
    purposes = (headers.get(name, "").lower() for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return any(purpose.startswith(("prefetch", "preview")) for purpose in purposes)


def _is_browser(agent: str) -> bool:
    # Telephones by Cubot name themselves in their agent, and end like bots.
    return agent.startswith(("Mozilla/", "Opera/")) and not is_crawler(agent.replace("CUBOT", ""))


def _opens_a_page(headers: Mapping[str, str]) -> bool:
    # Browsers say so since 2023; older ones send nothing.
    return headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
