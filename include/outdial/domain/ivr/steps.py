"""What an IVR walk asks the dialer to do next, and what can come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from outdial.domain.ivr.flow import TERMINATOR, ActionType
from outdial.domain.ivr.speech import Prompt


class EndReason(StrEnum):
    """Why a walk is over."""

    FINISHED = "finished"
    ENDED = "ended"
    OPTED_OUT = "opted_out"
    TRANSFERRED = "transferred"
    NO_INPUT = "no_input"
    TOO_LONG = "too_long"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Play:
    """Play a prompt that only the keys in `interrupt_by` stop, then listen for those `listen_s` more."""

    node_id: str
    prompt: Prompt | None
    interrupt_by: str
    listen_s: float


@dataclass(frozen=True, slots=True)
class Ask:
    """Play prompts, which any key stops, and take up to `max_digits` keys, each within `timeout_s`.

    The first of two prompts says what was wrong with the last try. One key alone needs no terminator.
    """

    node_id: str
    prompts: tuple[Prompt, ...]
    max_digits: int
    timeout_s: float
    terminator: str = TERMINATOR


@dataclass(frozen=True, slots=True)
class Perform:
    """Do what an action says; `entered` holds what the person typed so far, by node id."""

    node_id: str
    action: ActionType
    parameters: Mapping[str, Any]
    entered: Mapping[str, str]
    next_node_id: str | None


@dataclass(frozen=True, slots=True)
class End:
    """Hang up."""

    reason: EndReason


Step = Play | Ask | Perform | End


@dataclass(frozen=True, slots=True)
class Played:
    """The prompt is over; `key` if one of the step's keys came."""

    key: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """The keys that came, without the terminator; empty for silence."""

    digits: str = ""


@dataclass(frozen=True, slots=True)
class Performed:
    """The action is done, or has failed; `key` if one was pressed that ended it."""

    succeeded: bool = True
    key: str | None = None


Event = Played | Entered | Performed
