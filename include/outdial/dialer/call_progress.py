"""From the manager's events of one call to its outcome. Pure: the dialer feeds events and reads the end.

On a failed call Asterisk sends OriginateResponse, DialEnd and Hangup in any order, so nothing is decided
at Hangup alone unless the answer cannot change any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from outdial.attempts.settle import CallOutcome
from outdial.domain.dispositions import Disposition

BY_CAUSE: Mapping[int, Disposition] = {
    1: Disposition.INVALID_NUMBER,  # unallocated; SIP 404, 604
    22: Disposition.INVALID_NUMBER,  # number changed; SIP 410
    28: Disposition.INVALID_NUMBER,  # incomplete; SIP 484
    17: Disposition.BUSY,  # SIP 486, 600
    18: Disposition.NO_ANSWER,  # the far side waited in vain; SIP 408
    19: Disposition.NO_ANSWER,  # rang out, or SIP 480
    20: Disposition.NO_ANSWER,  # telephone switched off or out of reach
    21: Disposition.REJECTED,  # SIP 403, 603
    27: Disposition.CONGESTION,  # SIP 502
    34: Disposition.CONGESTION,  # SIP 503
    38: Disposition.CONGESTION,  # SIP 500
    41: Disposition.CONGESTION,
    42: Disposition.CONGESTION,
    44: Disposition.CONGESTION,
    102: Disposition.CONGESTION,  # SIP 504
    3: Disposition.TRUNK_DOWN,  # no route to the destination
    58: Disposition.REFUSED,  # SIP 488: no codec in common, the trunk's fault and not the person's
    16: Disposition.CANCELLED,  # before an answer only a hangup from our side is "normal"
}
"""Q.850 causes of a call that was never answered. What is absent is `unknown`, which counts."""

BY_TECH_CAUSE: Mapping[str, Disposition] = {
    "402": Disposition.REFUSED,  # the carrier wants payment: it refuses us, not the person
    "487": Disposition.CANCELLED,
    "607": Disposition.REJECTED,  # unwanted, says the called side
    "608": Disposition.REJECTED,  # rejected by analytics on the called side
}
"""SIP codes that Asterisk all maps to cause 127."""

_UP, _RINGING = "6", "5"
_TIMED_OUT = "3"
_NO_CAUSE = 0
_NO_ANSWER_CAUSE = 19
_INTERWORKING = 127
_NO_CAUSE_OF_THEIRS = frozenset({None, _NO_CAUSE, 16})


@dataclass(frozen=True)
class CallProgress:
    """What is known of a call so far.

    `reason` is OriginateResponse's, where the originate failed; `refusal` is Asterisk's own word where it
    would not take the originate at all.
    """

    call_id: str
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    tech_cause: str | None = None
    reason: str | None = None
    dial_status: str | None = None
    was_refused_by_far_side: bool = False
    has_channel: bool = False
    we_hung_up: bool = False
    refusal: str | None = None

    @property
    def is_decided(self) -> bool:
        """Whether the call is over and no event still on its way can change the outcome."""
        return self.ended_at is not None and (self.answered_at is not None or self.reason is not None)


def call_id_of(event: Mapping[str, str]) -> str:
    """The id of the channel an event is about; empty where it is about none."""
    return event.get("Uniqueid") or event.get("DestUniqueid") or ""


def advance(progress: CallProgress, event: Mapping[str, str], at: datetime) -> CallProgress:
    """`progress` after `event`, which arrived at `at`. Repeated events and unknown ones change nothing."""
    match event.get("Event"):
        case "OriginateResponse":
            return _originated(progress, event, at)
        case "Newstate" | "Newchannel":
            return _in_state(replace(progress, has_channel=True), event.get("ChannelState"), at)
        case "DialState" | "DialEnd":
            return _dialled(replace(progress, has_channel=True), event, at)
        case "HangupRequest":
            # Before an answer a refusal asks for a hangup; a timeout does not.
            return replace(progress, has_channel=True, was_refused_by_far_side=True)
        case "Hangup":
            return _hung_up(replace(progress, has_channel=True), event, at)
        case _:
            return progress


def answered(progress: CallProgress, at: datetime) -> CallProgress:
    """Whoever is walked through an IVR flow has answered, even where the events that say so were lost."""
    return progress if progress.answered_at else replace(progress, answered_at=at)


def hung_up_by_us(progress: CallProgress) -> CallProgress:
    """We asked Asterisk to end the call."""
    return replace(progress, we_hung_up=True)


def outcome_of(progress: CallProgress, now: datetime, annotation: str | None = None) -> CallOutcome:
    """The outcome of a call that is over: its Hangup came, or Asterisk has no such channel any more."""
    return CallOutcome(
        call_id=progress.call_id,
        disposition=disposition_of(progress),
        ended_at=progress.ended_at or now,
        ringing_at=progress.ringing_at,
        answered_at=progress.answered_at,
        hangup_cause=progress.cause,
        tech_cause=progress.tech_cause,
        annotation=annotation,
    )


def disposition_of(progress: CallProgress) -> Disposition:
    """Decided by causes, never by OriginateResponse's reason, but for calls that have no cause."""
    if progress.answered_at:
        return Disposition.ANSWERED
    if progress.refusal is not None:
        return Disposition.REFUSED
    if progress.we_hung_up and progress.cause in _NO_CAUSE_OF_THEIRS:
        return Disposition.CANCELLED
    if progress.cause is None:
        return _without_hangup(progress)
    if progress.cause == _NO_CAUSE:
        return _ended_by_asterisk(progress)
    if progress.cause == _INTERWORKING:
        return BY_TECH_CAUSE.get(progress.tech_cause or "", Disposition.UNKNOWN)
    if progress.cause == _NO_ANSWER_CAUSE and _was_silence(progress):
        return Disposition.TRUNK_DOWN
    return BY_CAUSE.get(progress.cause, Disposition.UNKNOWN)


def _ended_by_asterisk(progress: CallProgress) -> Disposition:
    """A far side always gives a cause. Either Asterisk is being stopped, or it could not even dial.

    The latter is so where no audio port is left.
    """
    dialled = progress.ringing_at or progress.dial_status
    return Disposition.CANCELLED if dialled else Disposition.CONGESTION


def _was_silence(progress: CallProgress) -> bool:
    # A trunk that never replies ends exactly as a telephone nobody picks up, except that it never rings.
    # A SIP 480 may come without ringing too, but it ends the dialling itself instead of timing out.
    replied = progress.ringing_at or progress.was_refused_by_far_side or progress.dial_status
    return not replied and progress.reason in {None, _TIMED_OUT}


def _without_hangup(progress: CallProgress) -> Disposition:
    if progress.reason is None:
        return Disposition.UNKNOWN
    if not progress.has_channel:
        # An endpoint that does not exist gets no channel: a failed OriginateResponse is all there is.
        return Disposition.TRUNK_DOWN
    # The Hangup was lost on the way.
    if progress.reason == _TIMED_OUT:
        return Disposition.NO_ANSWER if progress.ringing_at else Disposition.TRUNK_DOWN
    return {"BUSY": Disposition.BUSY, "CONGESTION": Disposition.CONGESTION}.get(
        progress.dial_status or "", Disposition.UNKNOWN
    )


def _originated(progress: CallProgress, event: Mapping[str, str], at: datetime) -> CallProgress:
    if event.get("Response") == "Success":
        return answered(replace(progress, has_channel=True), at)
    return replace(progress, reason=event.get("Reason", "0"))


def _in_state(progress: CallProgress, state: str | None, at: datetime) -> CallProgress:
    if state == _UP:
        return answered(progress, at)
    return _rang(progress, at) if state == _RINGING else progress


def _dialled(progress: CallProgress, event: Mapping[str, str], at: datetime) -> CallProgress:
    status = event.get("DialStatus", "")
    if status == "ANSWER":
        return answered(progress, at)
    if event.get("Event") == "DialState":
        return _rang(progress, at) if status in {"RINGING", "PROGRESS"} else progress
    return replace(progress, dial_status=status)


def _rang(progress: CallProgress, at: datetime) -> CallProgress:
    return progress if progress.ringing_at else replace(progress, ringing_at=at)


def _hung_up(progress: CallProgress, event: Mapping[str, str], at: datetime) -> CallProgress:
    if progress.ended_at:
        return progress
    # The channel's last state speaks for events that were lost before it.
    progress = _in_state(progress, event.get("ChannelState"), at)
    cause = event.get("Cause", "")
    return replace(
        progress,
        ended_at=at,
        cause=int(cause) if cause.isdecimal() else None,
        tech_cause=event.get("TechCause") or None,
    )
