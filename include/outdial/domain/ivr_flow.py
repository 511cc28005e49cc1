"""An IVR flow as it is written in a campaign: nodes, keys and what they do."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ActionType = Literal["send_sms", "transfer_agent", "add_to_blacklist", "trigger_donation", "end_call", "goto"]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class IvrAction(_Written):
    """What a key, or an action node, does; `goto` takes `parameters.nodeId`."""

    type: ActionType
    parameters: dict[str, Any] = Field(default_factory=dict)


class IvrNode(_Written):
    """One step of a flow. `timeout_seconds` counts from the end of the prompt."""

    id: str = Field(min_length=1)
    type: Literal["play_audio", "capture_input", "menu", "action"]
    audio_url: str | None = None
    text: str | None = None
    timeout_seconds: float = Field(5, gt=0, le=60)
    valid_inputs: tuple[str, ...] = ()
    min_digits: int = Field(1, ge=1, le=32)
    max_digits: int = Field(1, ge=1, le=32)
    tries: int = Field(3, ge=1, le=10)
    actions: dict[str, IvrAction] = Field(default_factory=dict)
    next_node_id: str | None = None


class IvrFlow(_Written):
    """The nodes of a flow and where it begins."""

    nodes: tuple[IvrNode, ...] = Field(min_length=1)
    start_node_id: str
