"""`report.html`: one page that needs nothing from elsewhere, for a screen, for paper, and for e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from outdial.reports import wording
from outdial.reports.charts import hour_chart
from outdial.reports.figures import ContactTotals, Report

_FILTERS: dict[str, Any] = {
    "outcome": wording.outcome_name,
    "reason": wording.reason_name,
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
    hours = report.totals.hours
    return _template().render(
        report=report,
        totals=report.totals,
        bands=_bands(report.totals.contacts),
        hour_charts=(
            ("campaign", hour_chart(hours.campaign_zone)),
            ("local", hour_chart(hours.local)),
        ),
    )


def _bands(contacts: ContactTotals) -> list[Band]:
    return [
        Band("completed", "Completed", "a person answered", contacts.completed),
        Band("progress", "In progress", "sent to the dialer, or on a call", contacts.in_progress),
        Band("pending", "Pending", "ready to be called", contacts.pending),
        Band("waiting", "Waiting", "a later try, or a closed calling window", contacts.waiting),
        Band("failed", "Failed", "given up", contacts.failed),
        Band("blacklisted", "Blacklisted", "the number is listed", contacts.blacklisted),
    ]


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
