"""The little of SIP that an answering telephone needs."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """A request or response as it came."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> Message:
        head, _, body = data.decode().partition("\r\n\r\n")
        first, *rest = head.split("\r\n")
        pairs = [line.partition(":") for line in rest]
        return cls(first, tuple((name.strip().lower(), value.strip()) for name, _, value in pairs), body)

    @property
    def method(self) -> str:
        """The request's; SIP/2.0 of a response."""
        return self.first.split()[0]

    def header(self, name: str) -> str:
        """The first header of this name."""
        return self.all(name)[0]

    def all(self, name: str) -> list[str]:
        """Every header of this name."""
        return [value for key, value in self.headers if key == name]

    @property
    def dialled(self) -> str:
        """The number in the request's own address."""
        return found(r"sip:([^@;>]+)@", self.first)

    @property
    def contact(self) -> str:
        """Where the other side wants requests of this call."""
        return found(r"<([^>]+)>", self.header("contact"))

    @property
    def audio_at(self) -> tuple[str, int]:
        """Where the other side wants its audio."""
        return found(r"c=IN IP4 (\S+)", self.body), int(found(r"m=audio (\d+)", self.body))


def found(pattern: str, text: str) -> str:
    """The first group of a pattern that must be there."""
    match = re.search(pattern, text)
    assert match, (pattern, text)
    return match[1]


def response(to: Message, status: str, contact: str, tag: str, sdp: str = "") -> bytes:
    """An answer to a request of this call."""
    lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in to.all("via"))]
    lines += [f"{name}: {to.header(name.lower())}" for name in ("From", "Call-ID", "CSeq")]
    own = to.header("to")
    lines += [f"To: {own}" + ("" if "tag=" in own else f";tag={tag}"), f"Contact: <{contact}>"]
    lines += ["Content-Type: application/sdp"] if sdp else []
    return _with_body(lines, sdp)


@dataclass(frozen=True)
class Dialogue:
    """What requests of the called side carry: the call's INVITE, our contact and our tag."""

    invite: Message
    contact: str
    tag: str


def request(of: Dialogue, method: str, nth: int, kind: str = "", body: str = "") -> bytes:
    """The `nth` request of the called side."""
    call, contact, tag = of.invite, of.contact, of.tag
    address = contact.removeprefix("sip:")
    lines = [
        f"{method} {call.contact} SIP/2.0",
        f"Via: SIP/2.0/UDP {address};branch=z9hG4bK{tag}{nth}",
        f"From: {call.header('to')};tag={tag}",
        f"To: {call.header('from')}",
        f"Call-ID: {call.header('call-id')}",
        f"CSeq: {nth} {method}",
        f"Contact: <{contact}>",
        "Max-Forwards: 70",
    ]
    lines += [f"Content-Type: {kind}"] if body else []
    return _with_body(lines, body)


def audio_offer(host: str, port: int) -> str:
    """µ-law and RFC 4733 keys."""  # noqa: RUF002 - the codec's own name
    lines = (
        "v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20",
        "a=sendrecv",
    )  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines)


def _with_body(lines: list[str], body: str) -> bytes:
    return "\r\n".join([*lines, f"Content-Length: {len(body.encode())}", "", body]).encode()
