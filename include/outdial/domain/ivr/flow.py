"""An IVR flow as it is written in a campaign: nodes, keys and what they do."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic.alias_generators import to_camel

from outdial.domain.voices import Voice

LONGEST_TEXT = 1500

ActionType = Literal[
    "send_sms",
    "transfer_agent",
    "add_to_blacklist",
    "trigger_donation",
    "record_message",
    "webhook",
    "end_call",
    "goto",
    "repeat",
    "back",
]
NodeType = Literal["play_audio", "capture_input", "menu", "branch", "action"]

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
"""What a voice says; `domain.templates` says how it names what is known of the contact."""

Scalar = StrictStr | StrictBool | StrictInt | float

KEYS = "0123456789*#"
# Opts out everywhere, for all campaigns; nobody can give it another meaning.
OPT_OUT_KEY = "9"
# Ends an entry of several digits where the node names no other.
TERMINATOR = "#"


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class IvrAction(_Written):
    """What a key, or an action node, does.

    `parameters.nextNodeId` says where the call goes on; without it the node's own `nextNodeId` does. `goto`
    takes `parameters.nodeId`. `repeat` asks again with all tries; `back` asks what was asked before. `domain.
    ivr_actions` says what the others take. After `add_to_blacklist` the next node is the confirmation, a
    `play_audio`; then the call ends.
    """

    type: ActionType
    parameters: dict[str, Any] = Field(default_factory=dict)

    def target(self, name: str) -> str | None:
        """The node id that stands in `parameters` under `name`, if a text stands there."""
        written = self.parameters.get(name)
        return written if isinstance(written, str) else None


class IvrCase(_Written):
    """One way out of a `branch`: where all its conditions hold, the call goes on at `next_node_id`.

    It looks at `field`, the name of a contact's metadata, or at what was `entered` in the node of that id.
    Texts are compared without regard to case and surrounding blanks, numbers by value.
    """

    field: str | None = Field(default=None, min_length=1, max_length=200)
    entered: str | None = Field(default=None, min_length=1, max_length=100)
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = Field(default=None, min_length=1)
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    is_present: bool | None = None
    next_node_id: str


class IvrNode(_Written):
    """One step of a flow. `timeout_seconds` counts from the end of the prompt.

    Each audio has a text beside it, which `voice` says, and which goes before: `domain.ivr.speech`.

    A `menu` takes one key of `actions`. A `capture_input` takes `min_digits` to `max_digits`, ended by
    `terminator` (empty for none); where `valid_inputs` is given only those; an entry without an action of its
    own leads to `next_node_id`. After a wrong key `invalid_audio_url` is played, after silence
    `timeout_audio_url`, then the prompt again. Who fails `tries` times goes to `no_input_node_id`; without it
    a menu goes to `next_node_id` and a capture ends the call, so that nobody passes for having entered
    something. A `branch` takes the first of `cases` that holds, else `next_node_id`. An `action` node
    performs the one action in `actions`, under any key.
    """

    id: str = Field(min_length=1, max_length=100)
    type: NodeType
    audio_url: str | None = Field(default=None, max_length=1500)
    invalid_audio_url: str | None = Field(default=None, max_length=1500)
    timeout_audio_url: str | None = Field(default=None, max_length=1500)
    text: Text | None = None
    invalid_text: Text | None = None
    timeout_text: Text | None = None
    voice: Voice | None = None
    timeout_seconds: float = Field(default=5, gt=0, le=60)
    valid_inputs: tuple[str, ...] = ()
    min_digits: int = Field(default=1, ge=1, le=32)
    max_digits: int = Field(default=1, ge=1, le=32)
    terminator: Literal["#", "*", ""] = TERMINATOR
    tries: int = Field(default=3, ge=1, le=10)
    cases: tuple[IvrCase, ...] = ()
    actions: dict[str, IvrAction] = Field(default_factory=dict)
    next_node_id: str | None = None
    no_input_node_id: str | None = None

    @property
    def digits_wanted(self) -> int:
        """How many keys one entry may have: a menu's is always one."""
        return self.max_digits if self.type == "capture_input" else 1

    @property
    def asks(self) -> bool:
        """Does the node wait for keys?"""
        return self.type in {"menu", "capture_input"}

    @property
    def own_action(self) -> IvrAction | None:
        """What an action node does."""
        return next(iter(self.actions.values()), None) if self.type == "action" else None

    @property
    def after_silence(self) -> str | None:
        """Where somebody goes who pressed nothing valid in all tries; None ends the call."""
        return self.no_input_node_id or (self.next_node_id if self.type == "menu" else None)


class IvrFlow(_Written):
    """The nodes of a flow and where it begins.

    `opt_out_audio_url` is played after an opt-out for which the flow names no confirmation;
    `invalid_audio_url` and `timeout_audio_url` where the node that asks has none of its own. `voice` says the
    texts of the flow, and those of nodes without a voice of their own.
    """

    nodes: tuple[IvrNode, ...] = Field(min_length=1)
    start_node_id: str
    opt_out_audio_url: str | None = Field(default=None, max_length=1500)
    invalid_audio_url: str | None = Field(default=None, max_length=1500)
    timeout_audio_url: str | None = Field(default=None, max_length=1500)
    opt_out_text: Text | None = None
    invalid_text: Text | None = None
    timeout_text: Text | None = None
    voice: Voice | None = None

    def find(self, node_id: str) -> IvrNode | None:
        """The node of this id."""
        return next((node for node in self.nodes if node.id == node_id), None)


def after_action(node: IvrNode, action: IvrAction) -> str | None:
    """The node that follows an action which does not end the call; None ends it.

    After an opt-out by key the node's own successor does not count: it would go on with the campaign. Where
    `back` leads depends on the way the call came.
    """
    if action.type == "goto":
        return action.target("nodeId")
    if action.type == "repeat":
        return node.id
    own = action.target("nextNodeId")
    if own is not None or (action.type == "add_to_blacklist" and node.type != "action"):
        return own
    return node.next_node_id
