"""One person's explanation as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from outdial.campaigns.explain.attempts import Attempt
from outdial.campaigns.explain.person import ContactExplanation, Person
from outdial.cli.paragraphs import moment, paragraph
from outdial.cli.told_texts import recent_text_lines, told_text_lines
from outdial.domain.channels import Channel
from outdial.domain.dispositions import Disposition
from outdial.reports.wording import duration, outcome_name, reason_name
from outdial.telemetry.logs import mask_numbers

_PLACES = {
    "ready": "stands ready for dispatch",
    "waiting": "waits",
    "dispatched": "its dial task is on its way",
    "live": "on a call",
    "texting": "a text is under way",
    "nowhere": "nothing more is planned",
}


def contact_lines(answer: ContactExplanation, *, show_number: bool) -> Iterator[str]:
    """Who it is, what every rule says now, and what was done; numbers masked unless the asker gave one."""
    for line in _lines(answer):
        yield line if show_number else mask_numbers(line)


def _lines(answer: ContactExplanation) -> Iterator[str]:
    zone = ZoneInfo(answer.timezone)
    now = answer.at
    yield (
        f"{answer.person.number} in {answer.slug}, {now.astimezone(zone):%A %-d %B %Y, %H:%M} in "
        f"{answer.timezone}"
    )
    yield from _person(answer.person, zone, now)
    yield ""
    yield paragraph(_next(answer, zone))
    yield ""
    yield from _verdicts(answer, zone)
    yield ""
    yield from _lists(answer, zone)
    yield from _recent_calls(answer, zone)
    if answer.recent_texts:
        yield from recent_text_lines(answer, zone)
    if answer.attempts or not answer.texts:
        yield from _attempts(answer, zone)
    if answer.texts:
        yield from told_text_lines(answer, zone)


def _person(person: Person, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    reason = f" ({reason_name(person.failure_reason)})" if person.failure_reason else ""
    due = f" until {moment(person.due_at, zone, now)}" if person.due_at else ""
    yield paragraph(f"Contact {person.contact_id}: {person.status}{reason}, {_PLACES[person.place]}{due}.")
    there = ", ".join(f"{name} ({now.astimezone(ZoneInfo(name)):%a %H:%M})" for name in person.zones)
    law = f", under the law of {', '.join(person.regions)}" if person.regions else ""
    yield paragraph(f"May stand in {there}{law}.")
    source = f" from {' or '.join(person.sources)}" if person.sources else ""
    yield paragraph(f"Added {moment(person.added_at, zone, now)}{source}.")
    if person.fallback_to:
        how = "to calls after texts" if person.fallback_to is Channel.VOICE else "to texts after calls"
        yield paragraph(f"Passed on {how}, by the campaign's fallback.")


def _what(answer: ContactExplanation) -> str:
    return "text" if answer.person.channel is Channel.SMS else "call"


def _next(answer: ContactExplanation, zone: ZoneInfo) -> str:
    coming, what = answer.next, _what(answer)
    if coming.at is None:
        return f"Next {what}: {'none now' if coming.group == 'now' else 'never'}, {coming.text}."
    if coming.at == answer.at:
        return f"Next {what}: as soon as its turn comes, {coming.text}."
    return f"Next {what}: not before {moment(coming.at, zone, answer.at)}, {coming.text}."


def _verdicts(answer: ContactExplanation, zone: ZoneInfo) -> Iterator[str]:
    refusing = next((verdict for verdict in answer.verdicts if not verdict.allows), None)
    if refusing is None:
        yield f"Every rule would let a {_what(answer)} through now:"
    else:
        yield paragraph(
            f"No {_what(answer)} would be let through now; the first rule that refuses: {refusing.text}."
        )
    for verdict in answer.verdicts:
        until = f", until {moment(verdict.until, zone, answer.at)}" if verdict.until else ""
        yield paragraph(f"{verdict.text}{until}", f"  {'yes' if verdict.allows else 'NO':<5}")


def _lists(answer: ContactExplanation, zone: ZoneInfo) -> Iterator[str]:
    if not answer.listings:
        yield "Lists: the number is on none."
        return
    yield "Lists"
    for entry in answer.listings:
        until = moment(entry.until, zone, answer.at) if entry.until else "for good"
        yield paragraph(
            f"{entry.where}: {entry.reason} ({entry.source}), by {entry.listed_by} on "
            f"{moment(entry.listed_at, zone, answer.at)}, {'until ' if entry.until else ''}{until}",
            f"  {'NO' if entry.holds else '':<5}",
        )


def _recent_calls(answer: ContactExplanation, zone: ZoneInfo) -> Iterator[str]:
    if not answer.recent_calls:
        yield "Calls to the number in the last 7 days, by any campaign: none."
        return
    yield "Calls to the number in the last 7 days, by any campaign"
    for call in answer.recent_calls:
        ending = outcome_name(Disposition(call.disposition)).lower() if call.disposition else "in progress"
        uncounted = "" if call.counts else ", not counted by the caps"
        yield paragraph(
            f"{moment(call.begun_at, zone, answer.at)}  {call.campaign}: {ending}{uncounted}", "       "
        )


def _attempts(answer: ContactExplanation, zone: ZoneInfo) -> Iterator[str]:
    if not answer.attempts:
        yield "Attempts of this campaign: none."
        return
    yield "Attempts of this campaign"
    for attempt in answer.attempts:
        yield paragraph(_attempt(attempt, answer, zone), f"  {attempt.attempt_no:>3}  ")
        yield paragraph(attempt.followed, "       → ")


def _attempt(attempt: Attempt, answer: ContactExplanation, zone: ZoneInfo) -> str:
    parts = [moment(attempt.begun_at, zone, answer.at)]
    if attempt.disposition is None:
        parts.append("in progress")
    else:
        took = ""
        if attempt.ended_at is not None:
            took = f" after {duration((attempt.ended_at - attempt.begun_at).total_seconds())}"
        parts.append(f"{outcome_name(Disposition(attempt.disposition)).lower()}{took}")
    parts.append(f"over {attempt.trunk}")
    if attempt.counted is False:
        parts.append("used up no attempt")
    if attempt.opted_out:
        parts.append("opted out")
    if attempt.hangup_cause is not None:
        parts.append(f"hangup cause {attempt.hangup_cause}")
    return ", ".join(parts)
