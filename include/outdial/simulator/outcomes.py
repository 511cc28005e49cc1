"""What the network can do with a call, and the codes Asterisk 22.10 was measured to report it by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NORMAL_CLEARING = 16
USER_ALERTING = 19
TEMPORARILY_UNAVAILABLE = 480  # the SIP code Asterisk names when its own Timeout ends a call

CAUSE_TEXT = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    21: "Call Rejected",
    22: "Number changed",
    27: "Destination out of order",
    28: "Invalid number format",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    58: "Bearer capability not available",
    102: "Recover on timer expiry",
    127: "Interworking, unspecified",
}

# SIP status → Q.850 cause, as chan_pjsip translates it.
SIP_CAUSE = {
    402: 127, 403: 21, 404: 1, 408: 18, 410: 22, 480: 19, 484: 28, 486: 17, 487: 127, 488: 58,
    500: 38, 502: 27, 503: 34, 504: 102, 600: 17, 603: 21, 604: 1, 607: 127, 608: 127,
}  # fmt: skip

# A dialplan's Hangup(17) is reported with the SIP code it becomes on the wire.
CAUSE_SIP = {17: 486}


class Fate(StrEnum):
    """What can come of an INVITE, one that is never sent included."""

    ANSWERED = "answered"
    REFUSED = "refused"
    RINGS_OUT = "rings_out"
    SILENT = "silent"
    UNPLACED = "unplaced"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the table: what the called side does, and whether a phone rings before."""

    name: str
    fate: Fate
    rings: bool = True
    machine: bool = False
    early_media: bool = False
    sip: int = 0

    @property
    def cause(self) -> int:
        return SIP_CAUSE.get(self.sip, 0)


_NAMED = (
    Outcome("answered", Fate.ANSWERED),
    Outcome("early_media", Fate.ANSWERED, rings=False, early_media=True),
    Outcome("machine", Fate.ANSWERED, machine=True),
    Outcome("no_answer", Fate.RINGS_OUT),
    Outcome("dead_trunk", Fate.SILENT, rings=False),
    # Asterisk has no audio port left for another call.
    Outcome("no_audio_port", Fate.UNPLACED, rings=False),
    Outcome("busy", Fate.REFUSED, sip=486),
    Outcome("congestion", Fate.REFUSED, rings=False, sip=503),
    Outcome("invalid_number", Fate.REFUSED, rings=False, sip=404),
    Outcome("rejected", Fate.REFUSED, rings=False, sip=603),
)

OUTCOMES = {outcome.name: outcome for outcome in _NAMED} | {
    f"sip_{code}": Outcome(f"sip_{code}", Fate.REFUSED, rings=False, sip=code) for code in SIP_CAUSE
}


def dial_status_of(sip: int) -> str:
    """DialEnd's DialStatus for a refusal: only busy and congestion have words of their own."""
    match SIP_CAUSE[sip]:
        case 17:
            return "BUSY"
        case 34:
            return "CONGESTION"
        case _:
            return "NOANSWER"


def cause_text(cause: int) -> str:
    return CAUSE_TEXT.get(cause, "Unknown")
