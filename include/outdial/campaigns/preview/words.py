"""What decides when contacts can be called or texted, in words managers know."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from outdial.domain.calling_windows import Timetable
from outdial.domain.channels import Channel
from outdial.domain.dispositions import Disposition
from outdial.domain.hours_in_words import rule_in_words, why_closed
from outdial.domain.outlook import Reason
from outdial.domain.retries import CallingTime
from outdial.reports.wording import ending_name, outcome_name, reason_name

_OUTSIDE_OWN_WINDOWS = "no window covers"

HOLDERS = {
    0: "erased: their data was erased, and the number is never called",
    1: "listed for all campaigns",
    2: "listed by a prefix",
    3: "on the campaign's own list",
    4: "listed by registry",
    None: "marked as listed; no listing holds any more",
}

_TEXTS = {
    Reason.CAN_BE_CALLED: "can be called",
    Reason.CAN_BE_TEXTED: "can be texted",
    Reason.DISPATCHED: "dial task on its way to a dialer",
    Reason.ON_CALL: "on a call",
    Reason.TEXT_UNDER_WAY: "a text is under way, or waits for its receipt",
    Reason.CAPPED: "number called or texted as often as it may be, by all campaigns",
    Reason.LISTED_FOR_A_TIME: "listed for a time",
    Reason.NUMBER_BUSY: "number is on another campaign's call",
    Reason.NOT_STARTED: "campaign has not started",
    Reason.HELD_BACK: "put back until its time",
    Reason.COMPLETED: "completed: a person was reached",
    Reason.ERASED: "erased",
    Reason.CAMPAIGN_OVER: "campaign is over",
    Reason.NO_WINDOW_BEFORE_END: "no calling window before the campaign ends",
}


_OF_TEXTS = {
    Reason.DISPATCHED: "on its way to a gateway",
    Reason.COMPLETED: "completed: the carrier took the text",
}


def simply(reason: Reason, channel: Channel = Channel.VOICE) -> str:
    """A reason of which there is no more to say."""
    return _OF_TEXTS.get(reason, _TEXTS[reason]) if channel is Channel.SMS else _TEXTS[reason]


def listed(holder: int | None, registry: str | None) -> str:
    """Which list holds."""
    return HOLDERS[holder] + (f" {registry}" if registry else "")


def given_up(failure_reason: str) -> str:
    """Why there is no further attempt."""
    return f"given up: {_failure(failure_reason)}"


def _failure(reason: str) -> str:
    if reason in list(Disposition):
        return outcome_name(Disposition(reason)).lower()
    return reason_name(reason)


def retry_after(ending: str | None) -> str:
    """What the next try follows: how the last call or text ended."""
    if ending is None:
        return "next try is not due"
    return f"next try is not due, after: {ending_name(ending).lower()}"


def closed(hours: CallingTime, now: datetime) -> str:
    """Which rule keeps people from being called; the same words for everybody whose windows are closed."""
    why = why_closed(hours.timetables, hours.zones, now)
    if why is None or why.startswith(_OUTSIDE_OWN_WINDOWS):
        return "outside the campaign's calling windows"
    return f"closed by {why}" if why.startswith(("holiday", "blocked")) else f"closed: {why}"


def never_open(timetables: Sequence[Timetable]) -> str:
    """Whose hours have no moment in common."""
    spoken = [f"{table.name} ({rule_in_words(table.windows)})" for table in timetables]
    return f"no moment is open by {' and '.join(spoken)}"


def what_and_what_to_do(problem: str) -> tuple[str, str | None]:
    """A problem of a registry as a sentence, and the command in it that mends it."""
    said = problem.partition(": ")[2]
    command = re.search(r"`[^`]+`", said)
    what = re.split(r"[;:] import", said)[0]
    return f"{what[:1].upper()}{what[1:]}", command and command.group()
