"""What is answered about one contact: who it is, what every rule says, and what was done."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.campaigns.explain.attempts import Attempt
from outdial.campaigns.explain.gate import Verdict
from outdial.campaigns.explain.texts import ToldText
from outdial.domain.channels import Channel, LineType
from outdial.domain.outlook import Group, Reason
from outdial.domain.sms.delivery import TextState


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Person(_Answer):
    """Who it is: `number` in full, where it may stand, and how it stands with them in this campaign.

    `channel` is how they are reached next; `fallback_to` the second channel, where they were passed on to it.
    """

    contact_id: UUID
    number: str
    zones: tuple[str, ...]
    regions: tuple[str, ...]
    status: str
    failure_reason: str | None
    place: str
    due_at: datetime | None
    planned_hour: int | None
    channel: Channel
    line_type: LineType
    fallback_to: Channel | None
    attempts: int
    max_attempts: int
    texts: int
    added_at: datetime
    sources: tuple[str, ...]


class Next(_Answer):
    """When the person can be reached next, by what depends on them and on the campaign's dates."""

    group: Group
    reason: Reason
    text: str
    at: datetime | None


class Entry(_Answer):
    """A list the number stands on; `holds` is whether it keeps this campaign from calling."""

    where: str
    holds: bool
    is_prefix: bool
    reason: str
    source: str
    listed_by: str
    listed_at: datetime
    until: datetime | None


class RecentCall(_Answer):
    """A call of any campaign to the number; `counts` is whether the caps on a number count it."""

    campaign: str
    is_this_campaign: bool
    begun_at: datetime
    disposition: str | None
    counts: bool


class RecentText(_Answer):
    """A text of any campaign to the number; `counts` is whether the caps on a number count it."""

    campaign: str
    is_this_campaign: bool
    begun_at: datetime
    origin: str
    state: TextState
    failure: str | None
    counts: bool


class ContactExplanation(_Answer):
    """Everything that explains one person's calls and texts.

    `verdicts` and `may_be_called_now` are about the next call, or text where `person.channel` says so.
    """

    campaign_id: UUID
    slug: str
    timezone: str
    at: datetime
    person: Person
    may_be_called_now: bool
    verdicts: tuple[Verdict, ...]
    next: Next
    listings: tuple[Entry, ...]
    recent_calls: tuple[RecentCall, ...]
    recent_texts: tuple[RecentText, ...]
    attempts: tuple[Attempt, ...]
    texts: tuple[ToldText, ...]
