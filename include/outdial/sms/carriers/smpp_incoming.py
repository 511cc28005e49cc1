"""What an SMPP carrier brings, taken apart: who wrote to whom, in which alphabet, as which part of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from smpp34 import DeliverSm

from outdial.domain.phone_numbers import Number, read_number
from outdial.domain.sms.encoding import text_of_septets
from outdial.sms.carriers.smpp_pdu import Tag

_HAS_HEADER = 0x40
_JOINED_8, _JOINED_16 = 0x00, 0x08
_INTERNATIONAL = 1
_LAST_SEPTET = 0x7F
UCS_2 = 8
_UCS_2_WITH_CLASS = range(0x18, 0x1C)
_CODECS = dict.fromkeys(_UCS_2_WITH_CLASS, "utf-16-be") | {
    1: "ascii",
    2: "latin-1",
    3: "latin-1",
    4: "latin-1",
    6: "iso8859-5",
    7: "iso8859-8",
    UCS_2: "utf-16-be",
}
"""By data_coding (SMPP 3.4 §5.2.19); in all others, 0 among them, letters are those of GSM."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which part this is (the first is 1) of how many, and the number that the parts of one text share."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class IncomingPart:
    """A text or a part of one. `phone` is E.164 where it can be read as that."""

    phone: str
    sent_to: str
    octets: bytes
    coding: int
    place: Place | None = None


def read_part(pdu: DeliverSm, region: str | None) -> IncomingPart:
    """What somebody wrote; `region` (ISO 3166) is for numbers that come without a country code."""
    place, octets = _place_and_octets(pdu)
    return IncomingPart(
        _e164(pdu.source_addr, pdu.source_addr_ton, region),
        pdu.destination_addr,
        octets,
        pdu.data_coding,
        place or _place_of_parameters(pdu),
    )


def text_of(parts: Sequence[IncomingPart]) -> str:
    """What the parts say, in their order; a character that is split between two is whole again."""
    runs = groupby(parts, lambda part: part.coding)
    text = "".join(_decoded(b"".join(part.octets for part in run), coding) for coding, run in runs)
    # Some carriers end texts like C strings, and no database keeps that.
    return text.replace("\x00", "")


def body_octets(pdu: DeliverSm) -> bytes:
    """The body, which stands in one of two fields."""
    return pdu.short_message or parameter(pdu, Tag.MESSAGE_PAYLOAD) or b""


def parameter(pdu: DeliverSm, tag: Tag) -> bytes | None:
    """The value of an optional parameter, None where there is none."""
    return next((tlv.value for tlv in pdu.tlvs if tlv.tag == tag), None)


def _decoded(octets: bytes, coding: int) -> str:
    codec = _CODECS.get(coding)
    if codec is None and max(octets, default=0) > _LAST_SEPTET:
        # No septet has the eighth bit: this carrier's own alphabet is another, mostly Latin 1.
        codec = "latin-1"
    return text_of_septets(octets) if codec is None else octets.decode(codec, "replace")


def _place_and_octets(pdu: DeliverSm) -> tuple[Place | None, bytes]:
    """TS 23.040 §9.2.3.24: a header before the text, its length, and elements of kind, length and value."""
    octets = body_octets(pdu)
    if not (pdu.esm_class & _HAS_HEADER and octets):
        return None, octets
    end = 1 + octets[0]
    elements, place = octets[1:end], None
    while len(elements) > 1:
        kind, value = elements[0], elements[2 : 2 + elements[1]]
        elements = elements[2 + elements[1] :]
        if (kind, len(value)) in {(_JOINED_8, 3), (_JOINED_16, 4)}:
            place = _place(int.from_bytes(value[:-2]), value[-2], value[-1])
    return place, octets[end:]


def _place_of_parameters(pdu: DeliverSm) -> Place | None:
    values = [parameter(pdu, tag) for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_NUMBER)]
    reference, total, number = (int.from_bytes(value or b"") for value in values)
    return _place(reference, total, number)


def _place(reference: int, total: int, number: int) -> Place | None:
    return Place(reference, total, number) if 1 <= number <= total and total > 1 else None


def _e164(address: str, kind: int, region: str | None) -> str:
    bare = address.removeprefix("+")
    written = f"+{bare}" if kind == _INTERNATIONAL else address
    number = read_number(written, region)
    return number.e164 if isinstance(number, Number) else address
