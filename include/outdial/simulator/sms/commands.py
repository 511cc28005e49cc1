"""What the control port can have the carrier of texts do, and what it can be asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from outdial.simulator.sms.network import SimulatedCarrier
from outdial.simulator.sms.seen import EVENT_OF, Seen
from outdial.simulator.sms.smpp_session import Cut

if TYPE_CHECKING:
    from collections.abc import Callable


class TextOrder(BaseModel):
    """The arguments of commands about texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: str
    changes: dict[str, Any] = {}
    kind: Literal["text", "text_refused", "receipt", "reply", "link"] = "text"
    seconds: float = Field(default=0.0, ge=0)
    cut: bool = True
    n: int = Field(default=1, ge=1)
    taken: bool = False
    answered: bool = False
    number: str = ""
    text: str = ""
    to: str = ""
    carrier: Literal["", "smpp", "http"] = ""


def _change(carrier: SimulatedCarrier, order: TextOrder) -> dict[str, Any]:
    carrier.change(order.changes)
    return {}


def _seen(carrier: SimulatedCarrier, order: TextOrder) -> dict[str, Any]:
    kind: type[Seen] = next(kind for kind, name in EVENT_OF.items() if name == order.kind)
    return {"seen": [asdict(line) for line in carrier.seen(kind)]}


def _down(carrier: SimulatedCarrier, order: TextOrder) -> dict[str, Any]:
    carrier.go_down(order.seconds, cut=order.cut)
    return {}


def _cut_at(carrier: SimulatedCarrier, order: TextOrder) -> dict[str, Any]:
    carrier.cut_link_at(Cut(order.n, order.taken or order.answered, order.answered))
    return {}


def _reply(carrier: SimulatedCarrier, order: TextOrder) -> dict[str, Any]:
    if not order.number or not order.text:
        raise ValueError("reply: give the `number` that writes and the `text` it writes")
    return {"message_id": carrier.write(order.number, order.text, order.to, order.carrier)}


TEXT_COMMANDS: dict[str, Callable[[SimulatedCarrier, TextOrder], dict[str, Any]]] = {
    "text_change": _change,
    "texts": _seen,
    "text_counters": lambda carrier, _: {"counters": carrier.counters, "links": carrier.links},
    "texts_down": _down,
    "cut_text_links": lambda carrier, _: {"links": carrier.cut_links()},
    "cut_text_link_at": _cut_at,
    "text_garbage": lambda carrier, _: {"links": carrier.send_garbage()},
    "reply": _reply,
}


def obey_about_texts(carrier: SimulatedCarrier | None, order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order. Raises ValueError with what is wrong with it."""
    if carrier is None:
        raise ValueError("the simulator carries no texts; start it with --smpp-port or --sms-http-port")
    read = TextOrder.model_validate(order)
    return TEXT_COMMANDS[read.command](carrier, read)
