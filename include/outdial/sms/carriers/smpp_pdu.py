"""What SMPP 3.4 calls things, and its short messages as octets; `smpp34` has those of many fields.

Its own client is not used: it acknowledges receipts before anybody can have kept them.
"""

from __future__ import annotations

import struct
from enum import IntEnum

HEADER_OCTETS = 16
_HEADER = struct.Struct(">IIII")
_RESPONSE = 0x80000000
_VERSION_3_4 = 0x34
_ANY_ADDRESS = b"\x00\x00\x00"
"""Type, plan and range of our own addresses: left to the carrier, which knows them by our name."""


class Command(IntEnum):
    """What a message is; its answer has the highest bit set."""

    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    ALERT_NOTIFICATION = 0x102
    GENERIC_NACK = _RESPONSE


class Status(IntEnum):
    """How a message was received. Those that only a carrier says of a text are in `smpp_statuses`."""

    OK = 0x00
    INVALID_COMMAND = 0x03
    SYSTEM_ERROR = 0x08
    QUEUE_FULL = 0x14
    REPEAT_LATER = 0x64
    """ESME_RX_T_APPN: we could not keep it, and it is to be brought again."""
    UNREADABLE = 0x65
    """ESME_RX_P_APPN: bringing it again is of no use."""


class Tag(IntEnum):
    """The optional parameters read here."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_REFERENCE = 0x020C
    SAR_TOTAL = 0x020E
    SAR_NUMBER = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


def message(command: int, sequence: int, status: int = Status.OK, body: bytes = b"") -> bytes:
    """A whole message: its header, and `body` as it is."""
    return _HEADER.pack(HEADER_OCTETS + len(body), command, status, sequence) + body


def answer(command: int, sequence: int, status: int = Status.OK) -> bytes:
    """The answer to a message. That to a delivery has one field, which is not used and empty."""
    return message(command | _RESPONSE, sequence, status, b"\x00" if command == Command.DELIVER_SM else b"")


def bind_transceiver(sequence: int, system_id: str, password: str, system_type: str) -> bytes:
    """The message that says who we are, and that texts go out and come in on this connection."""
    names = b"".join(name.encode() + b"\x00" for name in (system_id, password, system_type))
    version_and_addresses = bytes((_VERSION_3_4,)) + _ANY_ADDRESS
    return message(Command.BIND_TRANSCEIVER, sequence, body=names + version_and_addresses)


def header(octets: bytes | bytearray) -> tuple[int, int, int, int]:
    """Length in octets, command, status and sequence number of the message that begins here."""
    return _HEADER.unpack_from(octets)


def is_answer(command: int) -> bool:
    """Does it answer a message of ours?"""
    return bool(command & _RESPONSE)


def first_word(body: bytes) -> str:
    """The first field of a body that begins with a C string, as those of answers do."""
    return body.partition(b"\x00")[0].decode("latin-1")
