"""`outdial campaign explain`: why nothing is being dialled or sent, and why a person was reached or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from outdial.campaigns.explain.campaign import Explanation, PaceSettings, TextFigures, explain_campaign
from outdial.campaigns.explain.contact import explain_contact
from outdial.campaigns.explain.look import Finding
from outdial.campaigns.explain.person import ContactExplanation
from outdial.cli.contact_explanation import contact_lines
from outdial.cli.database import with_database
from outdial.cli.output import AsJson, print_json
from outdial.cli.paragraphs import moment, paragraph
from outdial.domain.clock import utc_now
from outdial.settings import Settings
from outdial.storage.campaigns import find_campaign
from outdial.storage.pool import Pool

MARKS = {"stops": "STOP", "waits": "wait", "note": "note", "fine": "ok"}


def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="The campaign's id or slug.")],
    contact: Annotated[
        str | None, typer.Option(help="A contact's id or number: why was this person called, and why not?")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say why nothing is being dialled or sent, or with --contact why somebody was reached and why not."""
    if contact is None:
        answer = with_database(_explain_campaign(name))
        lines = _lines(answer)
    else:
        answer = with_database(_explain_contact(name, contact))
        lines = contact_lines(answer, show_number=contact != str(answer.person.contact_id))
    if as_json:
        print_json(answer.model_dump(mode="json", by_alias=True))
    else:
        print("\n".join(lines))


def _explain_campaign(name: str) -> Callable[[Pool, Settings], Awaitable[Explanation]]:
    async def work(pool: Pool, settings: Settings) -> Explanation:
        async with pool.connection() as conn:
            campaign = await find_campaign(conn, name)
        pace = PaceSettings(settings.max_cps, settings.dispatch_horizon_s)
        return await explain_campaign(pool, campaign.id, pace, utc_now())

    return work


def _explain_contact(name: str, who: str) -> Callable[[Pool, Settings], Awaitable[ContactExplanation]]:
    async def work(pool: Pool, _settings: Settings) -> ContactExplanation:
        async with pool.connection() as conn:
            campaign = await find_campaign(conn, name)
        return await explain_contact(pool, campaign.id, who, utc_now())

    return work


def _lines(answer: Explanation) -> Iterator[str]:
    zone = ZoneInfo(answer.timezone)
    yield f"{answer.name}, {answer.at.astimezone(zone):%A %-d %B %Y, %H:%M} in {answer.timezone}"
    yield ""
    yield paragraph(answer.answer)
    yield ""
    for finding in answer.findings:
        yield paragraph(_sentence(finding, answer, zone), f"  {MARKS[finding.state]:<6}{finding.about:<12}")
        if finding.action:
            yield paragraph(finding.action, f"{'':20}→ ")
    yield ""
    if answer.texts is None or answer.last_call_at or answer.live_calls:
        yield _calls(answer, zone)
    if answer.texts is not None:
        yield _texts(answer.texts, answer, zone)


def _texts(texts: TextFigures, answer: Explanation, zone: ZoneInfo) -> str:
    return paragraph(
        f"Texts begun in the last minute: {texts.in_last_minute:,}; in the last five: "
        f"{texts.in_last_five_minutes:,}; waiting for a gateway: {texts.queued:,}; being given to the "
        f"carrier: {texts.submitting:,}; waiting for receipts: {texts.awaiting_receipts:,}; the last began "
        f"{moment(texts.last_at, zone, answer.at) if texts.last_at else 'never'}."
    )


def _calls(answer: Explanation, zone: ZoneInfo) -> str:
    last = answer.last_call_at
    return paragraph(
        f"Calls begun in the last minute: {answer.calls_in_last_minute:,}; in the last five: "
        f"{answer.calls_in_last_five_minutes:,}; in progress: {answer.live_calls:,}; the last began "
        f"{moment(last, zone, answer.at) if last else 'never'}."
    )


def _sentence(finding: Finding, answer: Explanation, zone: ZoneInfo) -> str:
    text = finding.text
    if finding.since is not None:
        text += f" Since {moment(finding.since, zone, answer.at)}."
    if finding.until is not None:
        until = "The first until" if finding.about == "contacts" else "Until"
        text += f" {until} {moment(finding.until, zone, answer.at)}."
    return text
