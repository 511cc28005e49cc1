"""One channel as Asterisk shows it: its state, its snapshot in events, its variables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

UNKNOWN = "<unknown>"


class State(IntEnum):
    """Asterisk's channel states, as far as an outgoing call passes through them."""

    DOWN = 0
    RINGING = 5
    UP = 6


_STATE_TEXT = {State.DOWN: "Down", State.RINGING: "Ringing", State.UP: "Up"}


@dataclass(slots=True)
class Channel:
    """A live channel. Context, exten and priority are `from-trunk` until the call is answered."""

    name: str
    uniqueid: str
    dial_string: str
    began_at: float  # loop time, seconds
    variables: dict[str, str]
    caller_num: str = UNKNOWN
    caller_name: str = UNKNOWN
    connected_num: str = UNKNOWN
    connected_name: str = UNKNOWN
    state: State = State.DOWN
    context: str = "from-trunk"
    exten: str = "s"
    priority: int = 1
    application: str = "AppDial2"
    app_data: str = "(Outgoing Line)"

    def variable(self, name: str) -> str | None:
        """A channel variable or one of Asterisk's own; None where it is not set."""
        own = {"EXTEN": self.exten, "CONTEXT": self.context, "CHANNEL": self.name, "UNIQUEID": self.uniqueid}
        return self.variables.get(name, own.get(name))

    def expand(self, text: str) -> str:
        """`${NAME}` replaced by its value, unset names by nothing."""
        before, mark, rest = text.partition("${")
        while mark and "}" in rest:
            name, _, rest = rest.partition("}")
            before += self.variable(name) or ""
            added, mark, rest = rest.partition("${")
            before += added
        return before + mark + rest


def snapshot(channel: Channel, prefix: str = "") -> str:
    """The headers every channel event carries, in Asterisk's order; `Dest` for the dialled side."""
    values = (
        ("Channel", channel.name),
        ("ChannelState", int(channel.state)),
        ("ChannelStateDesc", _STATE_TEXT[channel.state]),
        ("CallerIDNum", channel.caller_num),
        ("CallerIDName", channel.caller_name),
        ("ConnectedLineNum", channel.connected_num),
        ("ConnectedLineName", channel.connected_name),
        ("Language", "en"),
        ("AccountCode", ""),
        ("Context", channel.context),
        ("Exten", channel.exten),
        ("Priority", channel.priority),
        ("Uniqueid", channel.uniqueid),
        ("Linkedid", channel.uniqueid),
    )
    return "".join(f"{prefix}{name}: {value}\r\n" for name, value in values)
