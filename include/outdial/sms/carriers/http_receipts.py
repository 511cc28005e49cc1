"""Reads the HTTP carrier's receipts and replies, in the form of Vonage's webhooks.

States and error codes are those of Vonage's guide to delivery receipts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from outdial.domain.errors import InvalidInput
from outdial.domain.sms.delivery import IncomingText, Receipt, ReceiptState, TextFailure
from outdial.domain.sms.encoding import MOST_PARTS

NAME = "http"

_STATES = {
    "accepted": ReceiptState.ENROUTE,
    "buffered": ReceiptState.ENROUTE,
    "delivered": ReceiptState.DELIVERED,
    "failed": ReceiptState.FAILED,
    "undelivered": ReceiptState.FAILED,
    "expired": ReceiptState.FAILED,
    "rejected": ReceiptState.FAILED,
    "deleted": ReceiptState.FAILED,
}
_NO_ERROR = frozenset({"", "0"})
_FAILURES = {
    "2": TextFailure.UNREACHABLE,  # absent for now
    "3": TextFailure.INVALID_NUMBER,  # absent for ever: no longer in service
    "4": TextFailure.OPTED_OUT,  # barred by the subscriber
    "6": TextFailure.FILTERED,
    "7": TextFailure.UNREACHABLE,  # the telephone was busy
    "9": TextFailure.OPTED_OUT,  # "has specifically requested not to receive messages"
    "10": TextFailure.BAD_CONTENT,
    "12": TextFailure.INVALID_NUMBER,  # no route to the number
    "13": TextFailure.FILTERED,  # by age
    "14": TextFailure.LANDLINE,  # the line's contract has no texts
    "16": TextFailure.THROTTLED,
    "50": TextFailure.BAD_SENDER,  # India's register: sender's company, sender's name, content, consent
    "51": TextFailure.BAD_SENDER,
    "52": TextFailure.FILTERED,
    "53": TextFailure.OPTED_OUT,
}
_PHONE = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
_MOST_ID_CHARACTERS = 200
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of a longer text a reply is. `reference` is the same for all parts of one text."""

    reference: str
    total: int
    number: int


def read_receipt(fields: Mapping[str, str]) -> Receipt:
    """A receipt; raises InvalidInput where it does not say of which text, or nothing of it."""
    message_id, status = _message_id(fields), _needed(fields, "status").lower()
    code = fields.get("err-code", "").strip()
    state = state_of(status, code)
    return Receipt(
        carrier=NAME,
        message_id=message_id,
        state=state,
        failure=_FAILURES.get(code, failure_of(status)) if state is ReceiptState.FAILED else None,
        said=f"{status} {code}".strip(),
        reported_at=_moment(fields),
        reference=fields.get("client-ref") or None,
    )


def state_of(status: str, code: str) -> ReceiptState:
    """What a status and its error code say; a status of no meaning says only what its code does."""
    without = ReceiptState.ENROUTE if code in _NO_ERROR else ReceiptState.FAILED
    return _STATES.get(status, without)


def failure_of(status: str) -> TextFailure:
    """Why, as far as the status alone tells."""
    return TextFailure.UNREACHABLE if status == "expired" else TextFailure.OTHER


def read_reply(fields: Mapping[str, str], now: datetime) -> tuple[IncomingText, Place | None]:
    """What somebody wrote, or one part of it; raises InvalidInput. `now` stands in for a missing time."""
    if fields.get("type") == "binary":
        raise InvalidInput("`type` is binary: only texts are kept")
    phone = _PHONE.fullmatch(_needed(fields, "msisdn"))
    if phone is None:
        raise InvalidInput("`msisdn` is not a telephone number: nobody can be answered")
    if "text" not in fields:
        raise InvalidInput("`text` is missing")
    reply = IncomingText(
        carrier=NAME,
        message_id=_message_id(fields),
        phone=f"+{phone[1]}",
        sent_to=_needed(fields, "to"),
        body=fields["text"],
        received_at=_moment(fields) or now,
    )
    return reply, _place(fields)


def _message_id(fields: Mapping[str, str]) -> str:
    written = _needed(fields, "messageId")
    if len(written) > _MOST_ID_CHARACTERS:
        raise InvalidInput(f"`messageId` is longer than {_MOST_ID_CHARACTERS} characters")
    return written


def _place(fields: Mapping[str, str]) -> Place | None:
    if fields.get("concat") != "true":
        return None
    total, number = _count(fields, "concat-total"), _count(fields, "concat-part")
    if number > total:
        raise InvalidInput(f"`concat-part` is {number} of {total}")
    return Place(_needed(fields, "concat-ref"), total, number) if total > 1 else None


def _count(fields: Mapping[str, str], name: str) -> int:
    written = _needed(fields, name)
    if not re.fullmatch("[0-9]{1,3}", written, re.ASCII) or not 1 <= int(written) <= MOST_PARTS:
        raise InvalidInput(f"`{name}` is not a number from 1 to {MOST_PARTS}")
    return int(written)


def _needed(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise InvalidInput(f"`{name}` is missing")
    return value


def _moment(fields: Mapping[str, str]) -> datetime | None:
    """In UTC; `scts` is not read, as each network writes it in a zone of its own choice."""
    try:
        return datetime.strptime(fields.get("message-timestamp", ""), _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
