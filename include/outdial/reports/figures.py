"""The report's shape: what `report.json` holds, field by field, and what each figure means."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.domain.channels import Channel
from outdial.domain.dispositions import Disposition
from outdial.reports.text_figures import PassedOnTotals, TextTotals


class _Figures(BaseModel):
    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class CampaignFacts(_Figures):
    """Which campaign the report is about."""

    id: UUID
    slug: str
    name: str
    type: str
    status: str
    timezone: str
    start_time: datetime | None
    end_time: datetime | None
    schedule: str | None
    channels: tuple[Channel, ...]
    """How its contacts are reached, in the order in which it is tried."""


class ContactTotals(_Figures):
    """The list by state. Every contact is in exactly one of the six states below `total`."""

    total: int
    completed: int
    """A person answered, or a carrier took the text; nothing is left to do."""
    pending: int
    """Ready to be called or texted."""
    in_progress: int
    """Sent to the dialer or the gateway, on a call, or with a text of which the end is awaited."""
    waiting: int
    """Tried later: a retry or the other channel that is not yet due, or a calling window that is closed."""
    failed: int
    """Given up; `failed_by_reason` says why."""
    blacklisted: int
    """Not reached out to, or no longer, because the number is listed."""
    failed_by_reason: dict[str, int]


class CallTotals(_Figures):
    """Every call placed. A call is settled, with one disposition, or still in progress."""

    originates: int
    """Calls placed, whatever came of them."""
    attempts: int
    """Calls that count as an attempt to reach the person: they say something about the person."""
    in_progress: int
    by_disposition: dict[Disposition, int]
    """Settled calls by how they ended; every disposition is present, also those that never occurred."""
    converted: int
    """Calls in which the person pressed what the campaign wanted."""
    opted_out: int
    """Calls in which the person asked not to be called again."""
    messages_left: int
    """Calls in which an answering machine was played its message to the end."""
    contacts_called: int
    """Contacts with at least one counted attempt."""
    contacts_reached: int
    """Contacts with at least one answered call."""

    @property
    def answered(self) -> int:
        """Calls a person answered."""
        return self.by_disposition[Disposition.ANSWERED]


class Rates(_Figures):
    """Shares between 0 and 1; null where there is nothing to take a share of."""

    answer_rate: float | None
    """Answered calls / attempts. Calls that never reached the person's line are not held against it."""
    reach_rate: float | None
    """Contacts reached / contacts called."""
    conversion_rate: float | None
    """Converted calls / answered calls."""
    opt_out_rate: float | None
    """Calls that ended in an opt-out / answered calls."""


class HourTotals(_Figures):
    """Calls begun in one hour of the day, over all days."""

    hour: int
    originates: int
    answered: int


class Hours(_Figures):
    """Calls by hour of the day, twice; 24 entries each."""

    campaign_zone: list[HourTotals]
    """On the clock of the campaign's own zone."""
    local: list[HourTotals]
    """On the clock of the people called."""
    local_unknown: HourTotals
    """Calls to people whose zones disagreed about the hour (`hour` is -1)."""


class AttemptTotals(_Figures):
    """Calls that were their contact's `attempt_no`-th."""

    attempt_no: int
    originates: int
    answered: int


class LineTotals(_Figures):
    """Calls over one trunk, or from one caller id."""

    name: str | None
    """The trunk or the number; null where a trunk's own number was shown."""
    originates: int
    attempts: int
    answered: int
    answer_rate: float | None
    """Answered calls / attempts; a number that people no longer pick up shows here."""
    unreached: int
    """Calls that met congestion or a trunk that was down."""


class Duration(_Figures):
    """Seconds, over `calls` calls; all zero without any."""

    calls: int = 0
    total_seconds: float = 0
    mean_seconds: float = 0
    median_seconds: float = 0
    p90_seconds: float = 0
    max_seconds: float = 0


class Durations(_Figures):
    """How long calls took."""

    ring: Duration
    """From the first ring to the answer, or to the end where there was none."""
    talk: Duration
    """From the answer to the end, calls a person answered only."""


class Pace(_Figures):
    """Calls begun per unit of time."""

    per_second: float | None
    """Calls per second of calling; pauses of a minute and more are left out. Null below two calls."""
    busiest_second: int
    busiest_minute: int


class Run(_Figures):
    """One run of the campaign's DAG."""

    run_id: str
    started_at: datetime
    finished_at: datetime | None
    result: str | None
    contact_limit: int | None
    """A trial's limit of contacts."""
    claimed: int
    """Dial tasks the run claimed, retries included."""


class Check(_Figures):
    """Two figures counted from different rows that must be the same."""

    rule: str
    expected: int
    found: int

    @property
    def holds(self) -> bool:
        """Whether they are."""
        return self.expected == self.found


class Reconciliation(_Figures):
    """Whether the figures can be trusted: computed from rows, then compared with other rows."""

    holds: bool
    checks: list[Check]


class Totals(_Figures):
    """Everything counted, from the campaign's beginning, in one snapshot of the database."""

    contacts: ContactTotals
    calls: CallTotals
    texts: TextTotals | None = None
    """Null for a campaign without texts."""
    passed_on: list[PassedOnTotals] = []
    """What came of the second channel, where one followed."""
    rates: Rates
    by_attempt: list[AttemptTotals]
    by_trunk: list[LineTotals]
    by_caller_id: list[LineTotals]
    hours: Hours
    durations: Durations
    pace: Pace
    first_call_at: datetime | None
    last_call_ended_at: datetime | None
    runs: list[Run]
    reconciliation: Reconciliation


class Report(_Figures):
    """One report; `report.json` is this, in camelCase."""

    version: Literal[1] = 1
    generated_at: datetime
    run_id: str | None
    """The DAG run that asked for the report; null where a person did."""
    campaign: CampaignFacts
    failure_reasons: list[str]
    """Why the campaign failed; empty where it did not."""
    totals: Totals
