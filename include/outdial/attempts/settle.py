"""Settle: outcome, contact and next due time written together, once for each call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow

from outdial.domain.answering_machines import MachineMessage
from outdial.domain.calling_rules import timetables_for
from outdial.domain.campaign import CampaignConfig, reach_of
from outdial.domain.channels import Channel, LineType, PassedOn, Reach
from outdial.domain.dispositions import UNCOUNTED, Disposition
from outdial.domain.retries import CallingTime, Completed, GivenUp, RetryAt, Tries, what_follows
from outdial.storage.blacklist import hold_list_still
from outdial.storage.calls import lock_live_calls, write_settlements
from outdial.storage.pool import Pool


@dataclass(frozen=True)
class CallOutcome:
    """What became of one call. `ivr_path` are nodes walked and keys pressed, in order.

    `detected` is what answering machine detection said, in Asterisk's words.
    """

    call_id: str
    disposition: Disposition
    ended_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    hangup_cause: int | None = None
    tech_cause: str | None = None
    converted: bool = False
    opted_out: bool = False
    ivr_path: tuple[str, ...] = ()
    detected: str | None = None
    machine_message: MachineMessage | None = None
    annotation: str | None = None


@dataclass(frozen=True)
class Settled:
    """One call settled now, and what follows for its contact."""

    call_id: str
    campaign_id: UUID
    contact_id: UUID
    disposition: Disposition
    follow_up: Completed | RetryAt | GivenUp | PassedOn
    fallback: Literal["delivered", "failed"] | None = None
    """Of a call in a text's place: whether it was heard; None for other calls, and where another follows."""


async def settle(pool: Pool, outcomes: Sequence[CallOutcome]) -> list[Settled]:
    """Settle those of `outcomes` whose calls are still live; the others were settled before.

    An attempt that says nothing about the person is not counted (`dispositions.UNCOUNTED`).
    """
    if not outcomes:
        return []
    by_call = {outcome.call_id: outcome for outcome in outcomes}
    async with pool.connection() as conn, conn.transaction():
        # Else a contact could be marked for a listing just taken back, and nobody would bring it back.
        await hold_list_still(conn)
        rows = await lock_live_calls(conn, by_call, max(outcome.ended_at for outcome in outcomes))
        configs = {
            row["campaign_id"]: CampaignConfig.model_validate(row["config"])
            for row in {row["campaign_id"]: row for row in rows}.values()
        }
        settled = [_follow_up(row, configs[row["campaign_id"]], by_call[row["call_id"]]) for row in rows]
        await write_settlements(
            conn,
            [_written(by_call[one.call_id], one, row) for one, row in zip(settled, rows, strict=True)],
        )
    return settled


def _follow_up(row: DictRow, config: CampaignConfig, outcome: CallOutcome) -> Settled:
    counted = row["attempts"] + (outcome.disposition not in UNCOUNTED)
    tries = Tries(
        counted=counted,
        uncounted=row["originates"] - counted,
        maximum=row["max_attempts"],
        alike=row["ended_so"].get(outcome.disposition.value, 0) + 1,
    )
    time = CallingTime(
        timetables_for(config, row["regions"]), [ZoneInfo(zone) for zone in row["zones"]], row["end_time"]
    )
    follow_up = what_follows(outcome.disposition, tries, config.retry_rules, outcome.ended_at, time)
    if isinstance(follow_up, Completed | GivenUp) and _is_texted_next(row, config, outcome):
        delay = reach_of(row["type"], config).delay
        follow_up = PassedOn(Channel.SMS, outcome.ended_at + delay)
    fallback = _fallback(reach_of(row["type"], config), outcome, follow_up)
    ids = (outcome.call_id, row["campaign_id"], row["contact_id"])
    return Settled(*ids, outcome.disposition, follow_up, fallback)


def _fallback(
    reach: Reach, outcome: CallOutcome, follow_up: Completed | RetryAt | GivenUp | PassedOn
) -> Literal["delivered", "failed"] | None:
    """A campaign that begins with texts calls only in their place."""
    if reach.first is not Channel.SMS:
        return None
    if outcome.disposition is Disposition.ANSWERED or outcome.machine_message is MachineMessage.LEFT:
        return "delivered"
    return None if isinstance(follow_up, RetryAt) else "failed"


def _is_texted_next(row: DictRow, config: CampaignConfig, outcome: CallOutcome) -> bool:
    reached = outcome.disposition is Disposition.ANSWERED
    line = LineType(row["line_type"])
    reach = reach_of(row["type"], config)
    return not outcome.opted_out and reach.text_follows(outcome.disposition, line, reached=reached)


def _written(outcome: CallOutcome, settled: Settled, row: DictRow) -> dict[str, Any]:
    """The outcome and what follows as JSON."""
    status, failure_reason, due_at = _contact_after(settled.follow_up, row)
    channel = settled.follow_up.channel if isinstance(settled.follow_up, PassedOn) else Channel.VOICE
    return {
        "call_id": outcome.call_id,
        "disposition": outcome.disposition.value,
        "counted": outcome.disposition not in UNCOUNTED,
        "ringing_at": _iso(outcome.ringing_at),
        "answered_at": _iso(outcome.answered_at),
        "ended_at": _iso(outcome.ended_at),
        "hangup_cause": outcome.hangup_cause,
        "tech_cause": outcome.tech_cause,
        "converted": outcome.converted,
        "opted_out": outcome.opted_out,
        "ivr_path": list(outcome.ivr_path),
        "detected": outcome.detected,
        "machine_message": outcome.machine_message,
        "annotation": outcome.annotation,
        "status": status,
        "failure_reason": failure_reason,
        "channel": channel,
        "due_at": _iso(due_at),
    }


def _contact_after(
    follow_up: Completed | RetryAt | GivenUp | PassedOn, row: DictRow
) -> tuple[str, str | None, datetime | None]:
    """Status, reason and due time; a listed contact is not tried again, or not before its listing ends."""
    match follow_up:
        case Completed():
            return "completed", None, None
        case RetryAt() | PassedOn() if row["listed"]:
            if row["listed_until"] is None:
                return "blacklisted", None, None
            return "failed", None, max(follow_up.due_at, row["listed_until"])
        case RetryAt() | PassedOn():
            return "failed", None, follow_up.due_at
        case GivenUp(reason):
            return "failed", reason, None


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
