"""Writes down the answers to STOP, START and HELP, for a gateway to send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from outdial.domain.sms.answers import AnswerKind, answer_text, request_id_of
from outdial.domain.sms.encoding import split_text
from outdial.domain.sms.settings import SmsSettings
from outdial.storage.pool import Connection
from outdial.storage.replies import QueuedText, TextAnswered, queue_text
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answerable:
    """A reply that is kept, and the text it answers."""

    reply_id: int
    carrier: str
    phone: str
    sent_to: str
    found: str
    language: str | None
    text: TextAnswered


async def queue_answer(
    conn: Connection, kind: AnswerKind, reply: Answerable, usual_sender: str, now: datetime
) -> UUID | None:
    """Have a reply answered from the number it was sent to; once, however often it is asked for.

    Returns the id of the text's record. It is sent only where the transaction is committed.
    """
    sender = _sender(reply, usual_sender)
    own = read_settings(reply.text.settings)
    split = split_text(answer_text(kind, reply.language, sender, own))
    text = QueuedText(
        request_id=request_id_of(kind, reply.reply_id),
        origin="answer",
        carrier=reply.carrier,
        sender=sender,
        phone=reply.phone,
        split=split,
        contact_id=reply.text.contact_id,
        campaign_id=reply.text.campaign_id,
        price_per_part=reply.text.price_per_part,
    )
    return await queue_text(conn, text, now)


def read_settings(written: Mapping[str, Any] | None) -> SmsSettings:
    """What a campaign says of its texts; a STOP holds though the file be wrong by today's rules."""
    try:
        return SmsSettings.model_validate(written or {})
    except ValidationError as error:
        log.warning("a campaign's sms settings cannot be read", problems=error.error_count())
        return SmsSettings()


def _sender(reply: Answerable, usual_sender: str) -> str:
    """As we write it, where we have written from it; the carrier may write it otherwise."""
    ours = reply.text.sender
    if ours and (not reply.sent_to or ours.lstrip("+") == reply.sent_to.lstrip("+")):
        return ours
    return reply.sent_to or usual_sender
