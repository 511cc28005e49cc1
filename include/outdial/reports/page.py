"""`report.html`: one page that needs nothing from elsewhere, for a screen, for paper, and for e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from outdial.domain.channels import Channel
from outdial.reports import wording
from outdial.reports.charts import HourChart, hour_chart
from outdial.reports.figures import ContactTotals, Hours, Report
from outdial.reports.text_figures import TextHours

_FILTERS: dict[str, Any] = {
    "outcome": wording.outcome_name,
    "reason": wording.reason_name,
    "state": wording.state_name,
    "failure": wording.failure_name,
    "money": wording.money,
    "count": wording.count,
    "compact": wording.compact,
    "percent": wording.percent,
    "share_of": wording.share_of,
    "duration": wording.duration,
    "moment": wording.moment,
}


@dataclass(frozen=True)
class Band:
    """One part of the bar of contacts by state; `name` is also its colour's name in the style sheet."""

    name: str
    title: str
    meaning: str
    contacts: int


def render_page(report: Report) -> str:
    """The page as HTML text. Everything the campaign's people wrote is escaped."""
    totals, channels = report.totals, report.campaign.channels
    return _template().render(
        report=report,
        totals=totals,
        texts=totals.texts,
        shows_calls=bool(totals.calls.originates) or Channel.VOICE in channels,
        bands=_bands(totals.contacts, channels),
        hour_charts=_call_charts(totals.hours),
        text_charts=_text_charts(totals.texts.hours) if totals.texts else (),
    )


def _bands(contacts: ContactTotals, channels: tuple[Channel, ...]) -> list[Band]:
    calls, texts = Channel.VOICE in channels, Channel.SMS in channels
    reached = _either("a person answered", "the carrier took the text", calls=calls, texts=texts)
    busy = _either("sent to the dialer, or on a call", "a text is on its way", calls=calls, texts=texts)
    ready = _either("ready to be called", "ready to be texted", calls=calls, texts=texts)
    return [
        Band("completed", "Completed", reached, contacts.completed),
        Band("progress", "In progress", busy, contacts.in_progress),
        Band("pending", "Pending", ready, contacts.pending),
        Band("waiting", "Waiting", "a later try, or a closed calling window", contacts.waiting),
        Band("failed", "Failed", "given up", contacts.failed),
        Band("blacklisted", "Blacklisted", "the number is listed", contacts.blacklisted),
    ]


def _either(of_calls: str, of_texts: str, *, calls: bool, texts: bool) -> str:
    return f"{of_calls}, or {of_texts}" if calls and texts else of_texts if texts else of_calls


def _call_charts(hours: Hours) -> tuple[tuple[str, HourChart], ...]:
    own, local = (
        hour_chart([(hour.originates, hour.answered) for hour in day])
        for day in (hours.campaign_zone, hours.local)
    )
    return (("campaign", own), ("local", local))


def _text_charts(hours: TextHours) -> tuple[tuple[str, HourChart], ...]:
    own, local = (
        hour_chart([(hour.texts, hour.delivered) for hour in day])
        for day in (hours.campaign_zone, hours.local)
    )
    return (("campaign", own), ("local", local))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("outdial.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    return environment.get_template("page.html.jinja")
