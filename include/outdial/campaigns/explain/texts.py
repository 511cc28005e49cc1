"""A contact's texts, each with what was heard of it and what followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.domain.channels import Channel
from outdial.domain.sms.delivery import TextState
from outdial.reports.wording import reason_name

_UNDER_WAY = {TextState.QUEUED, TextState.SUBMITTING}


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class ToldReceipt(_Told):
    """A receipt, and how often the carrier brought it."""

    state: str
    failure: str | None
    said: str
    received_at: datetime
    times: int


class ToldReply(_Told):
    """What somebody wrote back; `meaning` is what a person settled it as, or how it was read."""

    body: str
    meaning: str
    received_at: datetime


class ToldLink(_Told):
    """A link of a text, and how often people and programs followed it."""

    url: str
    people: int
    programs: int


class ToldText(_Told):
    """One text; `body` is what was sent, with its links as they were shortened."""

    text_id: UUID
    origin: str
    state: TextState
    failure: str | None
    carrier_said: str | None
    carrier: str
    sender: str
    body: str
    encoding: str
    parts: int
    tries: int
    begun_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None
    opted_out: bool
    receipts: tuple[ToldReceipt, ...]
    replies: tuple[ToldReply, ...]
    links: tuple[ToldLink, ...]
    followed: str


def tell_texts(texts: Sequence[DictRow], contact: DictRow) -> tuple[ToldText, ...]:
    """Every text to the contact, oldest first; those of the campaign say what followed."""
    own = [text for text in texts if text["origin"] == "campaign"]
    followed = {text["text_id"]: _followed(text, after, contact) for text, after in zip_longest(own, own[1:])}
    return tuple(ToldText(**text, followed=followed.get(text["text_id"], _asked_for(text))) for text in texts)


def _asked_for(text: DictRow) -> str:
    return "asked for by a key on a call" if text["origin"] == "call" else "answers what the person wrote"


def _followed(text: DictRow, after: DictRow | None, contact: DictRow) -> str:
    if after is not None:
        return "texted again, as the carrier had not taken it"
    if contact["place"] == "texting":
        return "its receipt is awaited" if text["state"] == TextState.SENT else "the carrier is being asked"
    if contact["fallback_to"] == Channel.VOICE:
        return "passed on to a call"
    return _end(contact)


def _end(contact: DictRow) -> str:
    match contact["status"]:
        case "completed":
            return "nothing more is to be done"
        case "blacklisted":
            return "listed since: nothing more is sent"
        case "failed" if contact["failure_reason"]:
            return f"nothing more is sent: {reason_name(contact['failure_reason'])}"
        case _:
            return "to be texted again"
