"""The parameters of `record_message`, `webhook`, `send_sms`: checked with the campaign, used by the IVR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from outdial.domain.errors import InvalidInput
from outdial.domain.written import field_problems

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_URL = 2000

TEXT_PARAMETERS = ("text", "smsTemplate")


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    next_node_id: str | None = None


class Recording(_Written):
    """How a message is taken: until #, `max_seconds`, or `silence_seconds` of quiet (0: however long)."""

    max_seconds: float = Field(default=60, ge=1, le=600)
    silence_seconds: float = Field(default=4, ge=0, le=60)
    beep: bool = True


class Webhook(_Written):
    """Where an event is posted; `data` goes along."""

    url: str = Field(max_length=_LONGEST_URL)
    data: dict[str, Any] = Field(default_factory=dict)


def asked_text(parameters: Mapping[str, Any]) -> str | None:
    """The text that `send_sms` or `trigger_donation` gives itself; None where the campaign's is meant."""
    for name in TEXT_PARAMETERS:
        written = parameters.get(name)
        if isinstance(written, str) and written.strip():
            return written
    return None


def read_recording(parameters: Mapping[str, Any]) -> Recording:
    """Read the parameters of `record_message`. Raises InvalidInput with each wrong one."""
    try:
        return Recording.model_validate(dict(parameters))
    except ValidationError as error:
        raise _wrong("record_message", error) from error


def read_webhook(parameters: Mapping[str, Any]) -> Webhook:
    """Read the parameters of `webhook`. Raises InvalidInput with each wrong one.

    Plain http is let through for this machine alone; whether a dialer may post there, its settings say.
    """
    try:
        webhook = Webhook.model_validate(dict(parameters))
    except ValidationError as error:
        raise _wrong("webhook", error) from error
    problem = _url_problem(webhook.url)
    if problem:
        raise InvalidInput(f"webhook: parameters.url {problem}")
    return webhook


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        return f"is no address ({error})"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return "must begin with https://"
    if not host or not url.isprintable() or " " in url:
        return "must name a host and have no blanks"
    if parts.username is not None or parts.password is not None:
        return "must not carry a user or password; the body's signature says who sends it"
    return None


def _wrong(action: str, error: ValidationError) -> InvalidInput:
    problems = (problem.replace("the file: ", "") for problem in field_problems(error))
    return InvalidInput(*(f"{action}: parameters.{problem}" for problem in problems))
