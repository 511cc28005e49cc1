"""Receipts as SMPP carriers write them: in optional parameters, in a line of text, or both.

SMPP 3.4 appendix B has the line, "id:IIII sub:SSS dlvrd:DDD submit date:… done date:… stat:DDDDDDD err:E
text:…". Its dates are in a zone that nobody names, so they are left in the carrier's words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from smpp34 import DeliverSm

from outdial.domain.sms.delivery import Receipt, ReceiptState, TextFailure
from outdial.sms.carriers.smpp_incoming import UCS_2, body_octets, parameter
from outdial.sms.carriers.smpp_pdu import Tag, first_word

_TYPE_BITS = 0x3C
_RECEIPT, _NOTICE = 0x04, 0x20
"""In esm_class: a receipt, and a notice of a text that is still on its way."""

_TEXT = re.compile(r"(?:^|\s)text:", re.IGNORECASE)
_FIELD = re.compile(r"(?:^|\s)(id|stat|err|done date):[ ]?(\S*)", re.IGNORECASE)

_STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
"""By message_state (§5.2.28)."""

_SPELLINGS = {
    "DELIVERED": "DELIVRD",
    "UNDELIVERED": "UNDELIV",
    "UNDELIVERABLE": "UNDELIV",
    "FAILED": "UNDELIV",
    "REJECTED": "REJECTD",
}
"""Of carriers that do not keep to seven letters."""

_ON_ITS_WAY: tuple[ReceiptState, TextFailure | None] = (ReceiptState.ENROUTE, None)
_ENDS: Mapping[str, tuple[ReceiptState, TextFailure | None]] = {
    "DELIVRD": (ReceiptState.DELIVERED, None),
    "EXPIRED": (ReceiptState.FAILED, TextFailure.UNREACHABLE),
    "DELETED": (ReceiptState.FAILED, TextFailure.OTHER),
    "UNDELIV": (ReceiptState.FAILED, TextFailure.OTHER),
    "REJECTD": (ReceiptState.FAILED, TextFailure.FILTERED),
}
"""All others tell of no end: UNKNOWN too, with which a carrier says that it does not know."""

_GSM_NETWORK = 3
GSM_FAILURES: Mapping[int, TextFailure] = {
    1: TextFailure.INVALID_NUMBER,  # unknown subscriber
    5: TextFailure.INVALID_NUMBER,  # unidentified subscriber
    6: TextFailure.UNREACHABLE,  # absent subscriber
    11: TextFailure.LANDLINE,  # teleservice not provisioned: the line takes no texts
    27: TextFailure.UNREACHABLE,  # absent subscriber
    31: TextFailure.UNREACHABLE,  # subscriber busy
    32: TextFailure.UNREACHABLE,  # memory of the telephone is full
}
"""Errors of GSM networks (TS 29.002 §17.6.6)."""


class IdForm(StrEnum):
    """How a carrier writes a text's id, first in its answer and then in receipts.

    Some write the same number in two ways. Such ids are then kept as decimal digits.
    """

    SAME = "same"
    HEX_THEN_DECIMAL = "hex-then-decimal"
    DECIMAL_THEN_HEX = "decimal-then-hex"
    HEX = "hex"
    """Hexadecimal in both, but not in the same letters or with the same zeros."""

    def of_answer(self, message_id: str) -> str:
        """The id of an answer to a text, as it is kept."""
        return _kept(message_id, self, hexadecimal={IdForm.HEX_THEN_DECIMAL, IdForm.HEX})

    def of_receipt(self, message_id: str) -> str:
        """The id of a receipt, as that of the answer is kept."""
        return _kept(message_id, self, hexadecimal={IdForm.DECIMAL_THEN_HEX, IdForm.HEX})


@dataclass(frozen=True)
class ReceiptHabits:
    """What differs between carriers. `failures` are by `err`, which each numbers its own way."""

    id_form: IdForm = IdForm.SAME
    failures: Mapping[int, TextFailure] = field(default_factory=dict[int, TextFailure])


def is_receipt(pdu: DeliverSm) -> bool:
    """Does it tell of a text of ours? Else somebody wrote it: what it says proves nothing."""
    is_marked = pdu.esm_class & _TYPE_BITS in {_RECEIPT, _NOTICE}
    return is_marked or parameter(pdu, Tag.RECEIPTED_MESSAGE_ID) is not None


def read_receipt(pdu: DeliverSm, carrier: str, habits: ReceiptHabits) -> Receipt | None:
    """What a receipt says; None where it names no text or no state."""
    coding = "utf-16-be" if pdu.data_coding == UCS_2 else "latin-1"
    fields = fields_of(body_octets(pdu).decode(coding, "replace").replace("\x00", " "))
    message_id = first_word(parameter(pdu, Tag.RECEIPTED_MESSAGE_ID) or b"") or fields.get("id", "")
    stat = _STATES.get(int.from_bytes(parameter(pdu, Tag.MESSAGE_STATE) or b""), fields.get("stat", ""))
    if not (message_id and stat):
        return None
    state, failure = _ENDS.get(stat, _ON_ITS_WAY)
    if pdu.esm_class & _TYPE_BITS == _NOTICE:
        state, failure = _ON_ITS_WAY
    network_error = parameter(pdu, Tag.NETWORK_ERROR_CODE)
    if failure is TextFailure.OTHER:
        failure = _failure(network_error, fields.get("err", ""), habits) or failure
    said = [stat, *(f"{name} {fields[name]}" for name in ("err", "done date") if name in fields)]
    said += [f"network error {_in_digits(network_error)}"] if network_error else []
    return Receipt(carrier, habits.id_form.of_receipt(message_id), state, failure, ", ".join(said))


def fields_of(line: str) -> dict[str, str]:
    """The fields of a receipt that are read, by their names in small letters. What `text` holds is not."""
    before_text = _TEXT.split(line, maxsplit=1)[0]
    fields: dict[str, str] = {
        name.lower(): value for name, value in reversed(_FIELD.findall(before_text)) if value
    }
    stat = fields.get("stat", "").upper()
    if stat:
        fields["stat"] = _SPELLINGS.get(stat, stat)
    return fields


def _failure(network_error: bytes | None, err: str, habits: ReceiptHabits) -> TextFailure | None:
    code = int(err) if err.isascii() and err.isdecimal() else 0
    if code in habits.failures:
        return habits.failures[code]
    if network_error and network_error[0] == _GSM_NETWORK:
        return GSM_FAILURES.get(int.from_bytes(network_error[1:]))
    return None


def _in_digits(network_error: bytes) -> str:
    return f"{network_error[0]}/{int.from_bytes(network_error[1:])}"


def _kept(message_id: str, form: IdForm, hexadecimal: set[IdForm]) -> str:
    if form is IdForm.SAME:
        return message_id
    try:
        return str(int(message_id, 16 if form in hexadecimal else 10))
    except ValueError:
        return message_id
