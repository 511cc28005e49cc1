"""Why a campaign dials or does not: each link of the chain from its status to its last call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.campaigns.preview_outlooks import Outlooks, by_group
from outdial.campaigns.preview_words import what_and_what_to_do
from outdial.domain.dispositions import UNCOUNTED, Disposition
from outdial.domain.outlook import Reason
from outdial.reports.wording import count, outcome_name
from outdial.storage.campaigns import Campaign, CampaignRun
from outdial.storage.claims import Standing
from outdial.storage.explain import Outbox, PaceClock, Traffic
from outdial.storage.preview import DialersSeen

State = Literal["stops", "waits", "note", "fine"]

UNSENT_FOR = timedelta(seconds=5)
UNBEGUN_FOR = timedelta(seconds=15)
"""A dial task on the queue for longer waits for something."""

LATEST_CALLS = 10


class Finding(BaseModel):
    """One link. `stops`: no call begins because of it; `waits`: fewer do; `note`: worth knowing."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    about: str
    state: State
    text: str
    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None


@dataclass(frozen=True)
class Look:
    """Everything the chain is judged by, as one snapshot saw it. `max_cps` is of all dialers together."""

    campaign: Campaign
    run: CampaignRun | None
    registry_problems: Sequence[str]
    outlooks: Sequence[Outlooks]
    standing: Standing
    outbox: Outbox
    dialers: DialersSeen
    pace: PaceClock
    traffic: Traffic
    endings: dict[str, int]
    max_cps: float
    horizon_s: float
    now: datetime

    @property
    def can_be_called(self) -> int:
        """Contacts that could be claimed now."""
        return sum(one.contacts for one in self.outlooks if one.reason is Reason.CAN_BE_CALLED)

    @property
    def cps(self) -> float:
        """The pace the campaign may have."""
        return min(self.max_cps, self.campaign.config.max_cps or self.max_cps)

    @property
    def dag(self) -> str:
        """The campaign's DAG in Airflow."""
        return f"campaign__{self.campaign.slug}"


def status(look: Look) -> Iterator[Finding]:
    """The campaign's own status."""
    campaign, since = look.campaign, look.campaign.updated_at
    slug = campaign.slug
    match campaign.status:
        case "active":
            yield Finding(about="status", state="fine", text="The campaign is active.", since=since)
        case "paused":
            text = "The campaign is paused; by whom is not recorded."
            action = f"`outdial campaign resume {slug}`"
            yield Finding(about="status", state="stops", text=text, since=since, action=action)
        case "draft" | "scheduled":
            yield _not_running(look)
        case "failed":
            reasons = "; ".join(campaign.failure_reasons) or "no reason was recorded"
            action = (
                f"mend it, see `outdial campaign validate {slug}`, and trigger {look.dag} in Airflow again"
            )
            text = f"The last run failed: {reasons}."
            yield Finding(about="status", state="stops", text=text, since=since, action=action)
        case "completed" | "cancelled":
            text = f"The campaign is {campaign.status}: it calls nobody any more."
            action = "create another campaign for whoever is left"
            yield Finding(about="status", state="stops", text=text, since=since, action=action)


def _not_running(look: Look) -> Finding:
    campaign = look.campaign
    if campaign.status == "scheduled":
        text = f"No run is going on; the next comes by its schedule, {campaign.schedule}."
        action = f"wait, or trigger {look.dag} in Airflow; a paused DAG has no runs"
    elif campaign.start_time and campaign.start_time > look.now:
        text, action = "Not started: its start time starts it.", f"leave {look.dag} unpaused in Airflow"
    else:
        text = "The campaign is a draft: no run of it was started, or the last was a trial."
        action = f"trigger {look.dag} in Airflow, where it must not be paused"
    return Finding(about="status", state="stops", text=text, action=action)


def dates(look: Look) -> Iterator[Finding]:
    """Start and end."""
    start, end = look.campaign.start_time, look.campaign.end_time
    if start is not None and look.now < start:
        text = "The campaign's start time is still to come."
        yield Finding(about="dates", state="stops", text=text, until=start, action="wait")
    if end is not None and look.now >= end:
        text = "The campaign's end has passed: nobody is called any more."
        action = "create another campaign for whoever is left"
        yield Finding(about="dates", state="stops", text=text, since=end, action=action)


def lease(look: Look) -> Iterator[Finding]:
    """Whether an Airflow run vouches for calls."""
    campaign = look.campaign
    if campaign.status not in {"active", "paused"}:
        return
    if campaign.has_lease(look.now):
        text = f"Airflow's run {campaign.run_id} vouches for calls."
        yield Finding(about="run", state="fine", text=text)
        return
    run = look.run
    if run is not None and run.finished_at is not None:
        text, since = f"No run is going on: {run.run_id} ended ({run.result}).", run.finished_at
    else:
        text = (
            f"No Airflow run vouches for calls: the DAG is paused, its run {campaign.run_id} was stopped, "
            "or Airflow or its triggerer is down."
        )
        since = campaign.run_lease_until
    action = f"look at {look.dag} in Airflow: unpause it, or trigger it"
    yield Finding(about="run", state="stops", text=text, since=since, action=action)


def registries(look: Look) -> Iterator[Finding]:
    """Copies of registries that are missing or too old."""
    for problem in look.registry_problems:
        what, action = what_and_what_to_do(problem)
        yield Finding(about="registries", state="stops", text=f"{what}.", action=action)


def trial(look: Look) -> Iterator[Finding]:
    """The limit of a trial run."""
    run = look.run
    if run is None or run.contact_limit is None or run.finished_at is not None:
        return
    if run.claimed >= run.contact_limit:
        text = f"The trial's limit is reached: {run.claimed} of {run.contact_limit} contacts were claimed."
        action = f"trigger {look.dag} without a limit once this run has ended"
        yield Finding(about="trial", state="stops", text=text, action=action)
    else:
        text = f"This run is a trial: {run.claimed} of at most {run.contact_limit} contacts were claimed."
        yield Finding(about="trial", state="note", text=text)


def contacts(look: Look) -> Iterator[Finding]:
    """Whether anybody can be called, and if not, until when."""
    groups = by_group(look.outlooks)
    in_hand = look.standing.dispatched + look.standing.live
    slug = look.campaign.slug
    if not sum(groups.values()):
        action = f"`outdial contacts import FILE --campaign {slug}`"
        yield Finding(about="contacts", state="stops", text="The campaign has no contacts.", action=action)
    elif look.can_be_called:
        text = f"{count(look.can_be_called)} contacts can be called now, {count(groups['later'])} later."
        yield Finding(about="contacts", state="fine", text=text)
    elif groups["later"]:
        yield from _all_wait(look, groups["later"], "note" if in_hand else "stops")
    elif not in_hand:
        text = f"Nobody is left: none of {count(groups['never'])} contacts will be called again."
        action = f"`outdial campaign preview {slug}` says why; import more, or let the campaign end"
        yield Finding(about="contacts", state="stops", text=text, action=action)


def _all_wait(look: Look, later: int, state: State) -> Iterator[Finding]:
    waits: dict[str, list[Outlooks]] = {}
    for one in look.outlooks:
        if one.group == "later":
            waits.setdefault(one.text, []).append(one)
    text = f"Nobody can be called now: {count(later)} contacts wait."
    action = "wait, or change what they wait for"
    yield Finding(about="contacts", state=state, text=text, until=_first(look.outlooks), action=action)
    for why, some in waits.items():
        text = f"{count(sum(one.contacts for one in some))} wait: {why}."
        yield Finding(about="contacts", state="note", text=text, until=_first(some))


def _first(some: Sequence[Outlooks]) -> datetime | None:
    return min((one.first_at for one in some if one.first_at is not None), default=None)


def room(look: Look) -> Iterator[Finding]:
    """The campaign's places, and its part of the queue."""
    taken = look.standing.live + look.standing.dispatched
    places = look.campaign.config.max_concurrent_calls
    if taken >= places:
        text = (
            f"All {places} places (maxConcurrentCalls) are taken: {look.standing.live} on calls, "
            f"{look.standing.dispatched} on their way."
        )
        yield Finding(about="places", state="waits", text=text, action="wait for calls to end, or raise it")
    elif look.standing.dispatched >= ceil(look.cps * look.horizon_s):
        text = (
            f"{look.standing.dispatched} dial tasks wait for dialers, which is enough for "
            f"{look.horizon_s:g} s; no more are sent until some begin."
        )
        yield Finding(about="places", state="waits", text=text)


def dialers(look: Look) -> Iterator[Finding]:
    """The processes that call."""
    seen = look.dialers
    if not seen.alive:
        others = f" ({seen.draining} is stopping)" if seen.draining else ""
        text = f"No dialer is alive{others}: nobody can call."
        action = "`outdial dialer`, or `outdial standalone start` on one machine"
        yield Finding(about="dialers", state="stops", text=text, since=seen.heard_at, action=action)
        return
    alive = "1 dialer is alive." if seen.alive == 1 else f"{seen.alive} dialers are alive."
    yield Finding(about="dialers", state="fine", text=alive)
    if look.pace.source == "postgres":
        text = (
            f"The pace comes from PostgreSQL, as Redis was lost; {seen.see_redis} of {seen.alive} dialers "
            "see Redis now. Calls go on, more slowly."
        )
        action = "see `outdial doctor`"
        yield Finding(about="pace", state="note", text=text, since=look.pace.starts_at, action=action)


def outbox(look: Look) -> Iterator[Finding]:
    """Claims that do not get on: to the queue, or from there into calls."""
    box, now = look.outbox, look.now
    if box.unsent_since is not None and now - box.unsent_since > UNSENT_FOR:
        text = (
            f"{box.unsent} claims have not got onto the queue: SQS does not answer, or dispatch was cut off."
        )
        action = "see `outdial doctor`, and the triggerer's log"
        yield Finding(about="queue", state="waits", text=text, since=box.unsent_since, action=action)
    if box.sent_since is not None and now - box.sent_since > UNBEGUN_FOR and look.dialers.alive:
        text = (
            f"{box.sent} dial tasks are on the queue and no dialer begins them: it may have no link to "
            "Asterisk, or other campaigns use up the pace."
        )
        action = "see `outdial doctor`, and the dialer's log, which names each refusal"
        yield Finding(about="queue", state="waits", text=text, since=box.sent_since, action=action)


def endings(look: Look) -> Iterator[Finding]:
    """How the latest calls ended, where nearly none got anywhere."""
    total = sum(look.endings.values())
    unreached = {name: n for name, n in look.endings.items() if Disposition(name) in UNCOUNTED}
    if total >= LATEST_CALLS and sum(unreached.values()) >= 0.8 * total:
        named = ", ".join(f"{n} {outcome_name(Disposition(name)).lower()}" for name, n in unreached.items())
        text = f"Of the last {total} calls {sum(unreached.values())} never reached the network: {named}."
        action = "check Asterisk and its trunk, see `outdial doctor`"
        yield Finding(about="calls", state="waits", text=text, action=action)


def claiming(look: Look) -> Iterator[Finding]:
    """Whether dispatch takes those who can be called."""
    idle = not (look.standing.dispatched or look.standing.live or look.traffic.last_minute)
    if idle and look.can_be_called and look.campaign.has_lease(look.now) and look.dialers.alive:
        text = "Nothing stops the calls, yet dispatch has claimed nobody: it may just be starting."
        action = "ask again in 10 seconds; then look at the dispatch task and the triggerer's log in Airflow"
        yield Finding(
            about="dispatch", state="waits", text=text, since=look.traffic.last_begun_at, action=action
        )


CHAIN: Sequence[Callable[[Look], Iterator[Finding]]] = (
    status,
    dates,
    lease,
    registries,
    trial,
    contacts,
    room,
    dialers,
    outbox,
    endings,
    claiming,
)
"""In the order in which a call depends on them."""
