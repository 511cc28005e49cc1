"""Where a `transfer_agent` action may send a caller: checked with the campaign, used by the IVR."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from outdial.domain.errors import InvalidInput

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_ENDPOINT = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,64}")
_QUEUE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class TransferTarget:
    """A dialplan application and its first argument: a number, an endpoint or a queue's name."""

    application: Literal["Dial", "Queue"]
    address: str

    @property
    def is_number(self) -> bool:
        """Is it a number, which needs a trunk to be reached?"""
        return self.address.startswith("+")


def transfer_target(parameters: Mapping[str, Any]) -> TransferTarget:
    """Read `destination` or `queue`.

    Raises InvalidInput for anything else: an address reaches Asterisk's dialplan applications, where a comma,
    an ampersand or a `Local/` channel would do more than call one agent.
    """
    destination, queue = parameters.get("destination"), parameters.get("queue")
    if isinstance(queue, str) and destination is None and _QUEUE.fullmatch(queue):
        return TransferTarget("Queue", queue)
    if isinstance(destination, str) and queue is None and _is_destination(destination):
        return TransferTarget("Dial", destination)
    raise InvalidInput(
        "transfer_agent needs either parameters.destination, an E.164 number or PJSIP/endpoint, "
        "or parameters.queue, the name of a queue"
    )


def _is_destination(written: str) -> bool:
    return bool(_NUMBER.fullmatch(written) or _ENDPOINT.fullmatch(written))
