"""Bytes and messages of the manager protocol, as Asterisk reads and writes them. Used by the AMI server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# manager.c: a line of an action may hold 1,024 bytes, an action 128 lines; more is refused, not cut.
MAX_LINE_BYTES = 1024
MAX_LINES = 128

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One action from a client. `fault` says why it could not be read, where it could not."""

    headers: tuple[Header, ...] = ()
    fault: str = ""

    def get(self, name: str, default: str = "") -> str:
        """The first value of the header `name`, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    def get_all(self, name: str) -> list[str]:
        """Every value of a header that may be repeated, such as `Variable`."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]


class MessageBuffer:
    """Collects what arrives on one connection until a blank line ends a message."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes in any portions; give back the messages they complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        messages: list[Message] = []
        for line in lines:
            text = line.removesuffix(b"\r")
            if text:
                self._lines.append(text)
            else:
                messages.append(_message(self._lines))
                self._lines = []
        return messages


def _message(lines: list[bytes]) -> Message:
    if any(len(line) > MAX_LINE_BYTES for line in lines):
        return Message(fault="Failed to parse message: line too long")
    if len(lines) > MAX_LINES:
        return Message(fault="Too many lines in message or allocation failure")
    return Message(tuple(_header(line) for line in lines))


def _header(line: bytes) -> Header:
    name, _, value = line.decode(errors="replace").partition(":")
    return name, value.lstrip()


def render(headers: Iterable[tuple[str, object]]) -> bytes:
    """One message as it goes over the wire; an empty value keeps its space (`AccountCode: `)."""
    return ("".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n").encode()


def response(request: Message, kind: str, *headers: tuple[str, object]) -> bytes:
    """The answer to an action; its ActionID comes back where one was given."""
    action_id = request.get("ActionID")
    given = [("ActionID", action_id)] if action_id else []
    return render([("Response", kind), *given, *headers])


def success(request: Message, message: str) -> bytes:
    return response(request, "Success", ("Message", message))


def error(request: Message, message: str) -> bytes:
    return response(request, "Error", ("Message", message))
