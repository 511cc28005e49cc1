"""Reads what AWS End User Messaging tells of texts, and what people write back, as both come through SQS.

Both come through SNS, as it is or wrapped, according to the subscription.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pydantic import BaseModel, Field, ValidationError

from outdial.domain.errors import InvalidInput
from outdial.domain.sms.delivery import IncomingText, Receipt, ReceiptState, TextFailure

NAME = "aws"
REFERENCE = "reference"
"""Under this name our reference goes with a text and comes back with its events."""

_TEXT = "TEXT_"
_ARRIVED = frozenset({"TEXT_DELIVERED", "TEXT_SUCCESSFUL"})
_FAILURES = {
    "TEXT_INVALID": TextFailure.INVALID_NUMBER,
    "TEXT_INVALID_MESSAGE": TextFailure.BAD_CONTENT,
    "TEXT_UNREACHABLE": TextFailure.UNREACHABLE,
    "TEXT_CARRIER_UNREACHABLE": TextFailure.UNREACHABLE,
    "TEXT_TTL_EXPIRED": TextFailure.UNREACHABLE,
    "TEXT_BLOCKED": TextFailure.FILTERED,
    "TEXT_CARRIER_BLOCKED": TextFailure.FILTERED,
    "TEXT_SPAM": TextFailure.FILTERED,
    "TEXT_PROTECT_BLOCKED": TextFailure.FILTERED,
    "TEXT_UNKNOWN": TextFailure.OTHER,
}
_MOST_ID_CHARACTERS = 200
_OPTED_OUT = "opted out"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


class _Wrapped(BaseModel):
    type: str = Field(alias="Type")
    message: str = Field(alias="Message")


class _Event(BaseModel):
    event_type: str = Field(alias="eventType")
    event_timestamp: int = Field(0, alias="eventTimestamp", ge=0, le=253_402_300_799_000)
    is_final: bool = Field(default=True, alias="isFinal")
    message_id: str = Field("", alias="messageId", max_length=_MOST_ID_CHARACTERS)
    description: str = Field("", alias="messageStatusDescription")
    context: dict[str, str] = Field(default_factory=dict[str, str])


class _Reply(BaseModel):
    origination_number: str = Field(alias="originationNumber")
    destination_number: str = Field(alias="destinationNumber")
    message_body: str = Field(alias="messageBody")
    inbound_message_id: str = Field("", alias="inboundMessageId", max_length=_MOST_ID_CHARACTERS)


def read_event(body: str) -> Receipt | None:
    """A receipt, None for an event of something else than a text; raises InvalidInput."""
    try:
        event = _Event.model_validate_json(_unwrapped(body))
    except ValidationError as error:
        raise InvalidInput(f"not an event of AWS End User Messaging: {_first_of(error)}") from error
    if not event.event_type.startswith(_TEXT):
        return None
    if not event.message_id:
        raise InvalidInput("not an event of AWS End User Messaging: messageId is missing")
    state, failure = meaning_of(event.event_type, event.description, is_final=event.is_final)
    at_ms = event.event_timestamp
    return Receipt(
        carrier=NAME,
        message_id=event.message_id,
        state=state,
        failure=failure,
        said=f"{event.event_type} {event.description}".strip(),
        reported_at=datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms else None,
        reference=event.context.get(REFERENCE),
    )


def meaning_of(
    event_type: str, description: str, *, is_final: bool
) -> tuple[ReceiptState, TextFailure | None]:
    """What an event says of a text. One that is not final is a stage, whatever it is called.

    TEXT_SUCCESSFUL is that a network took the text; in some countries it is all that will ever be told,
    and then it is final.
    """
    if event_type == "TEXT_DELIVERED":
        return ReceiptState.DELIVERED, None
    if not is_final:
        return ReceiptState.ENROUTE, None
    if event_type in _ARRIVED:
        return ReceiptState.DELIVERED, None
    if event_type in _FAILURES:
        opted_out = _OPTED_OUT in description.lower()
        return ReceiptState.FAILED, TextFailure.OPTED_OUT if opted_out else _FAILURES[event_type]
    return ReceiptState.ENROUTE, None


def read_reply(body: str, sent_at: datetime) -> IncomingText:
    """What somebody wrote; raises InvalidInput. `sent_at` is when AWS put it on the queue."""
    try:
        reply = _Reply.model_validate_json(_unwrapped(body))
    except ValidationError as error:
        raise InvalidInput(f"not a reply of AWS End User Messaging: {_first_of(error)}") from error
    if not _E164.fullmatch(reply.origination_number):
        raise InvalidInput(
            "not a reply of AWS End User Messaging: originationNumber is not a telephone number"
        )
    return IncomingText(
        carrier=NAME,
        message_id=reply.inbound_message_id,
        phone=reply.origination_number,
        sent_to=reply.destination_number,
        body=reply.message_body,
        received_at=sent_at,
    )


def _unwrapped(body: str) -> str:
    try:
        return _Wrapped.model_validate_json(body).message
    except ValidationError:
        return body


def _first_of(error: ValidationError) -> str:
    """Without what stood there, which may be what somebody wrote."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]
