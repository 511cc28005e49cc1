"""What a manager should know before a campaign begins: what will keep calls and texts from being made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from outdial.blacklist.registries import registry_problems
from outdial.campaigns.caller_id_regions import regions_in_words
from outdial.campaigns.contact_fields import LackingField, lacking_fields
from outdial.campaigns.lifecycle import is_past_end
from outdial.campaigns.preview.areas import AreaHours
from outdial.campaigns.preview.forecast import Duration
from outdial.campaigns.preview.outlooks import Judged
from outdial.campaigns.preview.text_warnings import text_warnings
from outdial.campaigns.preview.texts import TextsPreview
from outdial.campaigns.preview.warn import Warn
from outdial.campaigns.preview.words import what_and_what_to_do
from outdial.domain.caller_ids import fitting
from outdial.domain.channels import Channel
from outdial.domain.forecast import calls_within
from outdial.domain.ivr.default import flow_of
from outdial.domain.number_caps import NumberCaps
from outdial.domain.outlook import Reason
from outdial.domain.own_pace import calls_a_day
from outdial.reports.wording import counted, duration
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection
from outdial.storage.preview import see_dialers

DIALER_SILENT_AFTER = timedelta(seconds=15)
REDIS_SILENT_AFTER = timedelta(seconds=10)


@dataclass(frozen=True)
class Seen:
    """What the warnings are about."""

    campaign: Campaign
    areas: Sequence[AreaHours]
    judged: Sequence[Judged]
    duration: Duration
    texts: TextsPreview | None
    now: datetime

    @property
    def calls(self) -> bool:
        """Whether the campaign calls anybody."""
        return Channel.VOICE in self.campaign.reach.channels


async def preview_warnings(conn: Connection, seen: Seen) -> list[Warn]:
    """Everything that will keep people from being reached, the whole campaign's first."""
    campaign = seen.campaign
    warnings = [*_status(campaign, seen.now)]
    problems = await registry_problems(conn, campaign.config.registries, seen.now)
    warnings += [_registry(problem) for problem in problems]
    if seen.calls and not (await see_dialers(conn, DIALER_SILENT_AFTER, REDIS_SILENT_AFTER)).alive:
        warnings.append(
            Warn(
                about="dialers", text="No dialer is alive: nobody would be called.", action="`outdial dialer`"
            )
        )
    flow = flow_of(campaign.config) if seen.calls else None
    lacking = await lacking_fields(conn, campaign.id, flow) if flow else []
    return [
        *warnings,
        *(text_warnings(seen.texts, campaign) if seen.texts else ()),
        *_never_open(seen.judged),
        *_too_slow(seen),
        *_caps(seen),
        *_caller_ids(seen),
        *map(_unsaid, lacking),
    ]


def _status(campaign: Campaign, now: datetime) -> Iterator[Warn]:
    about = "status"
    if is_past_end(campaign, now):
        yield Warn(
            about="end",
            text="The campaign's end has passed: it calls nobody.",
            action="create another campaign",
        )
    if campaign.status in {"completed", "cancelled"}:
        text = f"The campaign is {campaign.status}: it calls nobody any more."
        yield Warn(about=about, text=text, action="create another campaign")
    if campaign.status == "paused":
        action = f"`outdial campaign resume {campaign.slug}`"
        yield Warn(about=about, text="The campaign is paused: nobody is called until then.", action=action)
    if campaign.status == "failed":
        reasons = "; ".join(campaign.failure_reasons) or "no reason is known"
        action = "mend it and start its DAG again"
        yield Warn(about=about, text=f"The campaign's last run failed: {reasons}.", action=action)


def _registry(problem: str) -> Warn:
    what, action = what_and_what_to_do(problem)
    return Warn(about="registries", text=f"{what}: nobody is called.", action=action or "import a newer copy")


def _unsaid(lacking: LackingField) -> Warn:
    instead = "is replaced by its audio" if lacking.has_audio_instead else "is not said to them"
    return Warn(
        about="texts",
        text=f'{counted(lacking.contacts, "contact")} without "{lacking.field}": the text that names it '
        f"without a default {instead} ({lacking.place}).",
        action=f"import the field, or write {{{{{lacking.field}|what is said instead}}}}",
    )


def _never_open(judged: Iterable[Judged]) -> Iterator[Warn]:
    found: dict[str, int] = {}
    for one in judged:
        if one.reason is Reason.NEVER_OPEN:
            found[one.text] = found.get(one.text, 0) + one.tally.contacts
    for text, contacts in sorted(found.items()):
        yield Warn(
            about="windows",
            text=f"{counted(contacts, 'contact')} can never be called: {text}.",
            action="widen the campaign's callingWindows, or leave these contacts out",
        )


def _too_slow(seen: Seen) -> Iterator[Warn]:
    end = seen.campaign.end_time
    if not seen.duration.left or end is None or seen.duration.before < end:
        return
    yield Warn(
        about="end",
        text="The campaign ends before everybody can be called once: "
        f"{counted(seen.duration.left, 'does', 'do')} not fit in.",
        action=f"end it later, or raise the pace, which {seen.duration.limited_by} limits",
    )


def _caps(seen: Seen) -> Iterator[Warn]:
    """Attempts that the caps on calls to one number leave no time for."""
    end, wanted = seen.campaign.end_time, seen.campaign.config.max_attempts_per_contact
    if end is None:
        return
    time = end - max(seen.now, seen.campaign.start_time or seen.now)
    ends_in = duration(time.total_seconds())
    for caps, people in _callable_by_caps(seen).items():
        possible = calls_within(caps, time, wanted)
        if possible < wanted:
            yield Warn(
                about="caps",
                text=f"Attempt {possible + 1} of {wanted} is impossible for {counted(people, 'contact')}: a "
                f"number may be called {_in_words(caps)}, and the campaign ends in {ends_in}.",
                action="end it later, or lower maxAttemptsPerContact",
            )


def _caller_ids(seen: Seen) -> Iterator[Warn]:
    yield from _no_caller_id(seen)
    yield from _few_calls_a_day(seen)


def _no_caller_id(seen: Seen) -> Iterator[Warn]:
    """Contacts that would be given up, as none of the campaign's numbers may be shown to them."""
    pool = seen.campaign.config.caller_ids
    regions = {area.area_id: area.area.regions for area in seen.areas}
    without = [
        one
        for one in seen.judged
        if one.first_at
        and one.tally.channel is Channel.VOICE
        and pool
        and not fitting(pool, regions[one.tally.area_id])
    ]
    if without:
        where = regions_in_words(pool, [regions[one.tally.area_id] for one in without])
        people = counted(sum(one.tally.contacts for one in without), "contact")
        yield Warn(
            about="callerIds",
            text=f"{people} will not be called: no caller id is for {where}.",
            action="add a caller id for there, or one without regions",
        )


def _few_calls_a_day(seen: Seen) -> Iterator[Warn]:
    a_day, people = calls_a_day(seen.campaign.config), seen.duration.contacts
    if a_day is not None and a_day < people:
        yield Warn(
            about="callerIds",
            text=f"The caller ids may be used for {counted(a_day, 'call')} in 24 hours (dailyCap), and "
            f"{counted(people, 'contact is', 'contacts are')} to be called: the first pass takes "
            f"{counted(ceil(people / a_day), 'day')}.",
            action="add caller ids, or raise dailyCap",
        )


def _callable_by_caps(seen: Seen) -> Counter[NumberCaps]:
    caps = {area.area_id: area.caps for area in seen.areas}
    found: Counter[NumberCaps] = Counter()
    for one in seen.judged:
        if one.first_at is not None and one.tally.channel is Channel.VOICE:
            found[caps[one.tally.area_id]] += one.tally.contacts
    return found


def _in_words(caps: NumberCaps) -> str:
    limits = (
        (caps.per_24_hours, "within 24 hours"),
        (caps.per_7_days, "within 7 days"),
    )
    return " and ".join(f"{_times(cap)} {span}" for cap, span in limits if cap is not None)


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, counted(n, "time"))
