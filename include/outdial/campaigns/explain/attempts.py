"""A contact's attempts, each with how it ended and what followed from that by the campaign's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.domain.channels import Channel
from outdial.domain.dispositions import Disposition
from outdial.domain.retries import RetryRule
from outdial.reports.wording import duration, reason_name
from outdial.storage.campaigns import Campaign


class Attempt(BaseModel):
    """One originate; `counted` is whether it used up an attempt, None while the call goes on."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    attempt_no: int
    call_id: str
    begun_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    disposition: str | None
    counted: bool | None
    trunk: str
    caller_id: str | None
    hangup_cause: int | None
    converted: bool
    opted_out: bool
    annotation: str | None
    followed: str


def tell_attempts(attempts: Sequence[DictRow], contact: DictRow, campaign: Campaign) -> tuple[Attempt, ...]:
    """Every originate, oldest first."""
    return tuple(
        Attempt(**attempt, followed=_followed(attempt, after, contact, campaign))
        for attempt, after in zip_longest(attempts, attempts[1:])
    )


def _followed(attempt: DictRow, after: DictRow | None, contact: DictRow, campaign: Campaign) -> str:
    if attempt["disposition"] is None:
        return "the call goes on"
    disposition = Disposition(attempt["disposition"])
    rule = campaign.config.retry_rules.get(disposition)
    if after is None and contact["fallback_to"] == Channel.SMS:
        return "no further attempt: passed on to a text"
    if after is not None:
        return f"called again as attempt {after['attempt_no']}" + (f"; {_rule(rule)}" if rule else "")
    if contact["status"] == "failed" and contact["failure_reason"] is None and rule is not None:
        return f"to be called again: {_rule(rule)}"
    return _end(contact)


def _end(contact: DictRow) -> str:
    match contact["status"]:
        case "completed":
            return "a person was reached: no further attempt"
        case "blacklisted":
            return "listed since: no further attempt"
        case "failed" if contact["failure_reason"]:
            return f"no further attempt: {reason_name(contact['failure_reason'])}"
        case _:
            return "to be called again"


def _rule(rule: RetryRule) -> str:
    """A retry rule in words: not before 2 h after, in another part of the day."""
    text = f"not before {duration(rule.delay_seconds)} after"
    if rule.another_part_of_day:
        text += ", in another part of the day where there is one"
    return f"{text}, after at most {rule.max_attempts} that ended so" if rule.max_attempts else text
