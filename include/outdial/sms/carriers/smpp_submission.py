"""A text of ours as SMPP messages, one for each part; used by `smpp`.

No reference of ours goes with it: the field for one has 16 bits, in which a day's texts do not stay apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from smpp34 import SubmitSm

from outdial.domain.sms.delivery import TextFailure
from outdial.domain.sms.encoding import Encoding, octets_of
from outdial.sms.carriers.carrier import Declined, OutgoingText

_DATA_CODING = {Encoding.GSM_7: 0, Encoding.UCS_2: 8}
_HAS_HEADER = 0x40
_WANTS_RECEIPT = 1
_MOST_SHORT_CODE_DIGITS = 8
_MOST_ALPHANUMERIC = 11
_MOST_DAYS = 99


@dataclass(frozen=True, slots=True)
class Address:
    """A number or name with its type and numbering plan (SMPP 3.4 §5.2.5 and §5.2.6)."""

    kind: int
    plan: int
    digits: str


def submissions(text: OutgoingText) -> Sequence[Callable[[int], bytes]]:
    """What makes each part's message of a sequence number. Raises Declined for an impossible sender."""
    source = address_of(text.sender)
    parts = [octets_of(part, text.split.encoding) for part in text.split.parts]
    if len(parts) == 1:
        return [_submission(text, source, parts[0], 0)]
    # TS 23.040 §9.2.3.24.1: length of the header, element 0 of 3 octets: reference, how many, which.
    joined = bytes((5, 0, 3, int(text.reference[-2:], 16), len(parts)))
    return [
        _submission(text, source, joined + bytes((number,)) + octets, _HAS_HEADER)
        for number, octets in enumerate(parts, start=1)
    ]


def address_of(sender: str) -> Address:
    """A sender as SMPP writes it: a number, a short code or a name. Raises Declined."""
    digits = sender.removeprefix("+")
    if digits.isascii() and digits.isdecimal():
        is_short_code = digits == sender and len(digits) <= _MOST_SHORT_CODE_DIGITS
        return Address(3, 0, digits) if is_short_code else Address(1, 1, digits)
    if not (sender.isascii() and sender.isprintable() and len(sender) <= _MOST_ALPHANUMERIC):
        raise Declined(
            TextFailure.BAD_SENDER, f"a sender has at most 11 letters without accents, unlike {sender!r}"
        )
    return Address(5, 0, sender)


def relative_time(seconds: int) -> str:
    """How long from now, as SMPP writes it (§7.1.1.2): at most 99 days."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"0000{min(days, _MOST_DAYS):02}{hours:02}{minutes:02}{seconds:02}000R"


def _submission(text: OutgoingText, source: Address, octets: bytes, esm_class: int) -> Callable[[int], bytes]:
    def write(sequence: int) -> bytes:
        return SubmitSm(
            source.digits,
            text.to.removeprefix("+"),
            octets,
            source_addr_ton=source.kind,
            source_addr_npi=source.plan,
            dest_addr_ton=1,
            dest_addr_npi=1,
            esm_class=esm_class,
            validity_period=relative_time(text.validity_s),
            registered_delivery=_WANTS_RECEIPT,
            data_coding=_DATA_CODING[text.split.encoding],
            sequence_number=sequence,
        ).encode()

    return write
