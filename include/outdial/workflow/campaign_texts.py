"""What a campaign's DAG says about itself, for the manager who looks at it in Airflow. Static: no query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from outdial.domain.hours_in_words import rule_in_words
from outdial.workflow.campaign_spec import CampaignDagSpec


@dataclass(frozen=True)
class StepText:
    """How a step is named on the graph, and what it does."""

    name: str
    does: str


STEPS = {
    "validate": StepText(
        name="Check the campaign",
        does="Looks for everything that would go wrong, before anybody is called: dates, windows, audio, "
        "the IVR flow, contacts, the age of registries. All problems are listed at once and the run ends "
        "red. A campaign that is already finished is skipped, and the log says so.",
    ),
    "dispatch": StepText(
        name="Hand out calls",
        does="Hands the next best contacts to the dialers, as many as they soon begin, until nobody is left "
        "to call or to call again. Pausing the campaign makes this step wait; cancelling ends it. It holds "
        "no state: it may be cleared or restarted at any time, and goes on where the database says.",
    ),
    "monitor": StepText(
        name="Wait for the last calls",
        does="Waits until the last call has ended and completes the campaign, at its end time at the latest.",
    ),
    "report": StepText(
        name="Write the report",
        does="Writes the totals and every call as a page, JSON and CSV. Also for a run that was cancelled or "
        "failed. If this step fails the notification says so, and the run keeps its colour.",
    ),
    "notify": StepText(
        name="Tell how it ended",
        does="Publishes the result, the figures and where the report is. Turns red when an earlier step "
        "failed, so that the run does.",
    ),
}
"""By task id."""

_PAGE = """\
# {name}

A **{type}** campaign. {begins} {ends}

| | |
|---|---|
| May call | {windows}, by each contact's own clock; {law} |
| Times | {zone} |
| Calls at once | at most {concurrent} |
| Attempts | at most {attempts} for each contact |
| Campaign id | `{id}` |

**To stop for a while**, pause the campaign: `outdial campaign pause {slug}`; no new call begins within two
seconds. Pausing this DAG, or marking its run as failed, stops new calls too, within a few seconds.

**To end it for good**: `outdial campaign cancel {slug}`. The run still writes its report.

**To try it first**, trigger it with a *limit of contacts*: that many are called, the others wait.

How far it is: `outdial campaign show {slug}`, or the log of *dispatch* once a minute.
"""


def describe_campaign(spec: CampaignDagSpec) -> str:
    """The DAG's page, as Markdown."""
    return _PAGE.format(
        name=spec.name,
        type=spec.type,
        begins=_begins(spec),
        ends=f"It ends {_local(spec.end_time, spec.timezone)} at the latest." if spec.end_time else "",
        windows=rule_in_words(spec.calling_windows),
        law=_law(spec),
        zone=spec.timezone,
        concurrent=spec.max_concurrent_calls,
        attempts=spec.max_attempts_per_contact,
        id=spec.id,
        slug=spec.slug,
    )


def _law(spec: CampaignDagSpec) -> str:
    match spec.jurisdictions:
        case "auto":
            return "the law's hours where the contact is hold as well"
        case "none":
            return "no law's hours are added"
        case codes:
            return f"the law's hours of {', '.join(codes)} hold as well, for everybody"


def _begins(spec: CampaignDagSpec) -> str:
    if spec.schedule:
        since = f", from {_local(spec.start_time, spec.timezone)}" if spec.start_time else ""
        return f"It runs by the schedule `{spec.schedule}`{since}; each run goes on with unfinished contacts."
    if spec.start_time:
        return f"It starts by itself {_local(spec.start_time, spec.timezone)}; before then nobody is called."
    return "It starts when somebody triggers it."


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%A %d %B %Y at %H:%M}"
