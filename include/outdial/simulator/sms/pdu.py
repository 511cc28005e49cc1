"""SMPP 3.4 as octets: what a carrier reads and writes, with the specification's sections named."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

HEADER = struct.Struct(">IIII")
LONGEST = 70_000  # octets of one PDU: a message_payload of 64 KiB and what stands around it
_TLV = struct.Struct(">HH")

RESPONSE = 0x80000000


class Command(IntEnum):
    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15


class Status(IntEnum):
    """Of section 5.1.3, those that are given here; BAD_CODING came with 5.0, and many carriers give it."""

    OK = 0x00
    BAD_LENGTH = 0x01
    BAD_COMMAND_LENGTH = 0x02
    BAD_COMMAND = 0x03
    NOT_BOUND = 0x04
    ALREADY_BOUND = 0x05
    SYSTEM_ERROR = 0x08
    BAD_SENDER = 0x0A
    BAD_NUMBER = 0x0B
    BIND_FAILED = 0x0D
    BAD_PASSWORD = 0x0E
    BAD_SYSTEM_ID = 0x0F
    SUBMIT_FAILED = 0x45
    THROTTLED = 0x58
    BAD_EXPIRY = 0x62
    BAD_CODING = 0x104


class Tag(IntEnum):
    """Optional parameters, of section 5.3.2."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SC_INTERFACE_VERSION = 0x0210
    SAR_REFERENCE = 0x020C
    SAR_TOTAL = 0x020E
    SAR_NUMBER = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class MalformedPdu(Exception):
    """A PDU that cannot be read; `status` is the answer to it."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands in its text: `number` counts from 1."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Submit:
    """One submit_sm, its short_message or message_payload in `octets`."""

    sender: str
    to: str
    esm_class: int
    validity: str
    registered: int
    coding: int
    octets: bytes
    as_payload: bool
    tlvs: dict[int, bytes]


def pack(command: int, sequence: int, body: bytes = b"", status: int = Status.OK) -> bytes:
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def cstring(text: str) -> bytes:
    return text.encode("latin-1", "replace") + b"\0"


def tlv(tag: int, value: bytes) -> bytes:
    return _TLV.pack(tag, len(value)) + value


class _Reader:
    """Fields of a body one after the other. Raises MalformedPdu where it ends too early."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def cstring(self, longest: int) -> str:
        end = self._body.find(b"\0", self._at, self._at + longest)
        if end < 0:
            raise MalformedPdu(Status.BAD_COMMAND_LENGTH)
        found = self._body[self._at : end].decode("latin-1")
        self._at = end + 1
        return found

    def octets(self, count: int) -> bytes:
        found = self._body[self._at : self._at + count]
        if len(found) < count:
            raise MalformedPdu(Status.BAD_COMMAND_LENGTH)
        self._at += count
        return found

    def tlvs(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        while self._at < len(self._body):
            tag, length = _TLV.unpack(self.octets(_TLV.size))
            found[tag] = self.octets(length)
        return found


def read_bind(body: bytes) -> tuple[str, str]:
    """system_id and password of a bind; their longest is twice what 4.1.1 allows, as carriers have it."""
    reader = _Reader(body)
    return reader.cstring(32), reader.cstring(32)


def read_submit(body: bytes) -> Submit:
    """Section 4.4.1. Raises MalformedPdu."""
    reader = _Reader(body)
    reader.cstring(6)
    reader.octets(2)
    sender = reader.cstring(21)
    reader.octets(2)
    to = reader.cstring(21)
    esm_class, _protocol, _priority = reader.octets(3)
    reader.cstring(17)
    validity = reader.cstring(17)
    registered, _replace, coding, _canned, length = reader.octets(5)
    short = reader.octets(length)
    tlvs = reader.tlvs()
    payload = tlvs.get(Tag.MESSAGE_PAYLOAD)
    if short and payload is not None:
        raise MalformedPdu(Status.BAD_LENGTH)
    octets = short if payload is None else payload
    return Submit(sender, to, esm_class, validity, registered, coding, octets, payload is not None, tlvs)


def deliver_body(
    sender: str, to: str, esm_class: int, coding: int, octets: bytes, tlvs: bytes = b""
) -> bytes:
    """Section 4.6.1: a receipt, or what a telephone wrote."""
    return b"".join((
        b"\0",
        _address(sender),
        _address(to),
        bytes((esm_class, 0, 0)),
        b"\0\0",
        bytes((0, 0, coding, 0, len(octets))),
        octets,
        tlvs,
    ))


def _address(value: str) -> bytes:
    digits = value.removeprefix("+")
    kind = b"\x01\x01" if digits.isdecimal() else b"\x05\x00"
    return kind + cstring(digits if digits.isdecimal() else value)


def joined_header(reference: int, total: int, number: int) -> bytes:
    """The user data header that joins parts on the telephone. 3GPP TS 23.040, 9.2.3.24.1."""
    return bytes((5, 0, 3, reference & 0xFF, total, number))


_HAS_HEADER = 0x40


def without_header(submit: Submit) -> tuple[bytes, int, Place | None]:
    """The letters of a part, the octets of the header before them, and the part's place in its text."""
    if not submit.esm_class & _HAS_HEADER:
        return submit.octets, 0, _place_by_tlvs(submit.tlvs)
    octets = submit.octets
    length = octets[0] + 1 if octets else 0
    if not 1 <= length <= len(octets):
        raise MalformedPdu(Status.BAD_LENGTH)
    return octets[length:], length, _place_by_header(octets[1:length])


def _place_by_header(header: bytes) -> Place | None:
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        at += 2 + length
        if (kind, len(value)) == (0x00, 3):
            return _checked(value[0], value[1], value[2])
        if (kind, len(value)) == (0x08, 4):
            return _checked(int.from_bytes(value[:2], "big"), value[2], value[3])
    return None


def _place_by_tlvs(tlvs: dict[int, bytes]) -> Place | None:
    given = [tlvs.get(tag) for tag in (Tag.SAR_REFERENCE, Tag.SAR_TOTAL, Tag.SAR_NUMBER)]
    if any(value is None for value in given):
        return None
    return _checked(*(int.from_bytes(value or b"", "big") for value in given))


def _checked(reference: int, total: int, number: int) -> Place:
    if not 1 <= number <= total:
        raise MalformedPdu(Status.BAD_LENGTH)
    return Place(reference, total, number)
