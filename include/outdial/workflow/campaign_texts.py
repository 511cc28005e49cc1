"""What a campaign's DAG says about itself, for the manager who looks at it in Airflow. Static: no query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from outdial.domain.channels import CampaignType
from outdial.domain.hours_in_words import rule_in_words
from outdial.workflow.campaign_spec import CampaignDagSpec


@dataclass(frozen=True)
class StepText:
    """How a step is named on the graph, and what it does."""

    name: str
    does: str


_STEPS = {
    "validate": StepText(
        name="Check the campaign",
        does="Looks for everything that would go wrong, before anybody is called or texted: dates, "
        "windows, audio, the IVR flow, the text, its sender and carrier, contacts, the age of "
        "registries. All problems are listed at once and the run ends red. A campaign that is already"
        " finished is skipped, and the log says so.",
    ),
    "dispatch": StepText(
        name="Hand out calls",
        does="Hands the next best contacts to the dialers, as many as they soon begin, until nobody is "
        "left to call or to call again. Pausing the campaign makes this step wait; cancelling ends "
        "it. It holds no state: it may be cleared or restarted at any time, and goes on where the "
        "database says.",
    ),
    "monitor": StepText(
        name="Wait for the last calls",
        does="Waits until the last call has ended and completes the campaign, at its end time at the latest.",
    ),
    "report": StepText(
        name="Write the report",
        does="Writes the totals and every call and text as a page, JSON and CSV. Also for a run that was "
        "cancelled or failed. If this step fails the notification says so, and the run keeps its "
        "colour.",
    ),
    "notify": StepText(
        name="Tell how it ended",
        does="Publishes the result, the figures and where the report is. Turns red when an earlier step "
        "failed, so that the run does.",
    ),
}
"""By task id, as campaigns that call have them."""

_OF_TEXTS = {
    "dispatch": StepText(
        name="Hand out texts",
        does="Hands the next best contacts to the SMS gateway, as many as its carrier soon takes, until "
        "nobody is left to text; landlines, and others whom a call follows, go to the dialers. "
        "Returns how many were texted, passed over and failed. Pausing the campaign makes this step "
        "wait; cancelling ends it. It holds no state: it may be cleared or restarted at any time, and"
        " goes on where the database says.",
    ),
    "monitor": StepText(
        name="Wait for the last texts",
        does="Waits until carriers have answered for the last text, its receipt has come or is no longer "
        "waited for, and the last call that followed has ended; then completes the campaign, at its "
        "end time at the latest.",
    ),
}
_OF_BOTH = {
    "dispatch": StepText(
        name="Hand out texts and calls",
        does="Hands the next best contacts to the SMS gateway or to the dialers, as many as these soon "
        "begin, until nobody is left to reach on either channel. Pausing the campaign makes this step"
        " wait; cancelling ends it. It holds no state: it may be cleared or restarted at any time, "
        "and goes on where the database says.",
    ),
    "monitor": StepText(
        name="Wait for the last texts and calls",
        does="Waits until the last call has ended and carriers have answered for the last text; then "
        "completes the campaign, at its end time at the latest.",
    ),
}


def steps_of(kind: CampaignType) -> dict[str, StepText]:
    """The steps by task id; they are the same for every campaign, and do other things."""
    return _STEPS | {"voice": {}, "sms": _OF_TEXTS, "hybrid": _OF_BOTH}[kind]


_PAGE = """\
# {name}

{article} **{type}** campaign. {begins} {ends}

| | |
|---|---|
| {may} | {windows}, by each contact's own clock; {law} |
| Times | {zone} |
{calls}| Campaign id | `{id}` |

**To stop for a while**, pause the campaign: `outdial campaign pause {slug}`; no new {one} begins within two
seconds. Pausing this DAG, or marking its run as failed, stops new {ones} too, within a few seconds.

**To end it for good**: `outdial campaign cancel {slug}`. The run still writes its report.

**To try it first**, trigger it with a *limit of contacts*: that many are {reached}, the others wait.

How far it is: `outdial campaign show {slug}`, or the log of *dispatch* once a minute.
"""


KINDS: dict[CampaignType, str] = {"voice": "Voice", "sms": "SMS", "hybrid": "Hybrid"}

_CALLS = """\
| Calls at once | at most {concurrent} |
| Attempts | at most {attempts} calls to each contact |
"""


@dataclass(frozen=True)
class _Words:
    may: str
    one: str
    ones: str
    reached: str


_WORDS: dict[CampaignType, _Words] = {
    "voice": _Words("May call", "call", "calls", "called"),
    "sms": _Words("May text", "text or call", "texts and calls", "texted"),
    "hybrid": _Words("May text and call", "text or call", "texts and calls", "texted or called"),
}


def describe_campaign(spec: CampaignDagSpec) -> str:
    """The DAG's page, as Markdown."""
    words = _WORDS[spec.type]
    return _PAGE.format(
        name=spec.name,
        article="An" if spec.type == "sms" else "A",
        type=KINDS[spec.type] if spec.type == "sms" else spec.type,
        begins=_begins(spec),
        ends=f"It ends {_local(spec.end_time, spec.timezone)} at the latest." if spec.end_time else "",
        windows=rule_in_words(spec.calling_windows),
        law=_law(spec),
        zone=spec.timezone,
        calls="" if spec.type == "sms" else _calls(spec),
        may=words.may,
        one=words.one,
        ones=words.ones,
        reached=words.reached,
        id=spec.id,
        slug=spec.slug,
    )


def _calls(spec: CampaignDagSpec) -> str:
    return _CALLS.format(concurrent=spec.max_concurrent_calls, attempts=spec.max_attempts_per_contact)


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
        nobody = f"nobody is {_WORDS[spec.type].reached}"
        return f"It starts by itself {_local(spec.start_time, spec.timezone)}; before then {nobody}."
    return "It starts when somebody triggers it."


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%A %d %B %Y at %H:%M}"
