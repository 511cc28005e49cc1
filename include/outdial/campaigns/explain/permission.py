"""Whether a campaign may call at all: its status, dates, run, registries and trial."""

from __future__ import annotations

from collections.abc import Iterator

from outdial.campaigns.explain.look import Finding, Look
from outdial.campaigns.preview.words import what_and_what_to_do
from outdial.reports.wording import counted
from outdial.storage.campaign_changes import CampaignChange


def status(look: Look) -> Iterator[Finding]:
    """The campaign's own status."""
    campaign, change = look.campaign, _last_change(look)
    since = change.at if change else campaign.updated_at
    slug = campaign.slug
    match campaign.status:
        case "active":
            text = f"The campaign is active{_resumed(change)}."
            yield Finding(about="status", state="fine", text=text, since=since)
        case "paused":
            text = f"The campaign is paused{_by(change)}."
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
            ended = _by(change) if campaign.status == "cancelled" else ""
            text = f"The campaign is {campaign.status}{ended}: it {_does(look)} nobody any more."
            action = "create another campaign for whoever is left"
            yield Finding(about="status", state="stops", text=text, since=since, action=action)


def _does(look: Look) -> str:
    return "calls" if look.texting is None else "calls or texts" if look.calls else "texts"


def _last_change(look: Look) -> CampaignChange | None:
    """What brought the campaign to its status; None where that was before changes were written down."""
    change = look.last_change
    return change if change is not None and change.after == look.campaign.status else None


def _resumed(change: CampaignChange | None) -> str:
    return f" again{_by(change)}" if change and change.before == "paused" else ""


def _by(change: CampaignChange | None) -> str:
    """Who did it, as the end of a sentence."""
    return f", by {change.changed_by} ({change.way})" if change else "; by whom is not recorded"


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
        text = f"The campaign's end has passed: it {_does(look)} nobody any more."
        action = "create another campaign for whoever is left"
        yield Finding(about="dates", state="stops", text=text, since=end, action=action)


def lease(look: Look) -> Iterator[Finding]:
    """Whether an Airflow run vouches for calls."""
    campaign = look.campaign
    if campaign.status not in {"active", "paused"}:
        return
    if campaign.has_lease(look.now):
        text = f"Airflow's run {campaign.run_id} vouches for {look.what}."
        yield Finding(about="run", state="fine", text=text)
        return
    run = look.run
    if run is not None and run.finished_at is not None:
        text, since = f"No run is going on: {run.run_id} ended ({run.result}).", run.finished_at
    else:
        text = (
            f"No Airflow run vouches for {look.what}: the DAG is paused, its run {campaign.run_id} was "
            "stopped, or Airflow or its triggerer is down."
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
        text = f"The trial's limit is reached: it has claimed {counted(run.contact_limit, 'contact')}."
        action = f"trigger {look.dag} without a limit once this run has ended"
        yield Finding(about="trial", state="stops", text=text, action=action)
    else:
        most = counted(run.contact_limit, "contact")
        text = f"This run is a trial: it has claimed {run.claimed} of at most {most}."
        yield Finding(about="trial", state="note", text=text)
