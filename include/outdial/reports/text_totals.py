"""Counts a campaign's texts from their rows, and what must agree about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from outdial.domain.channels import Channel
from outdial.domain.sms.delivery import TextState
from outdial.reports.figures import Check
from outdial.reports.hours import text_hours_of_day
from outdial.reports.text_figures import (
    Cost,
    DeliveryTime,
    Failures,
    PassedOnTotals,
    Price,
    Responses,
    TextLine,
    TextRates,
    TextTotals,
)
from outdial.storage import report_texts as rows
from outdial.storage.campaigns import Campaign
from outdial.storage.links import count_links
from outdial.storage.pool import Connection

_TAKEN = (TextState.SENT, TextState.DELIVERED, TextState.UNDELIVERED)
_UNGIVEN = "other"


@dataclass(frozen=True)
class TextsCounted:
    """A campaign's texts, what came of passing contacts on, and the checks."""

    totals: TextTotals
    passed_on: list[PassedOnTotals]
    checks: list[Check]


async def read_text_totals(conn: Connection, campaign: Campaign) -> TextsCounted | None:
    """Everything counted of texts; None for a campaign that has and will have none.

    Call on the snapshot of `outdial.reports.totals`.
    """
    counts = await rows.count_texts(conn, campaign.id)
    agreement = await rows.compare_contacts_with_texts(conn, campaign.id)
    has_none = not (counts.begun or counts.answers or agreement.texts)
    if has_none and Channel.SMS not in campaign.reach.channels:
        return None
    outcomes = await rows.count_by_outcome(conn, campaign.id)
    totals = await _totals(conn, campaign, counts, outcomes)
    begins_with_texts = campaign.reach.first is Channel.SMS
    passed_on = await rows.count_passed_on(conn, campaign.id, begins_with_texts=begins_with_texts)
    under_way = await rows.count_under_way(conn, campaign.id)
    return TextsCounted(
        totals, [_passed_on(row) for row in passed_on], _checks(totals, agreement, under_way, counts)
    )


async def _totals(
    conn: Connection, campaign: Campaign, counts: rows.TextCounts, outcomes: Sequence[rows.OutcomeCounts]
) -> TextTotals:
    by_state = {state: sum(row.texts for row in outcomes if row.state == state) for state in TextState}
    sent = sum(by_state[state] for state in _TAKEN)
    responses = await _responses(conn, campaign, counts)
    seconds = await rows.measure_delivery(conn, campaign.id)
    return TextTotals(
        begun=counts.begun,
        by_state=by_state,
        in_progress=by_state[TextState.QUEUED] + by_state[TextState.SUBMITTING],
        sent=sent,
        delivered=by_state[TextState.DELIVERED],
        failures=_failures(outcomes),
        tries=counts.tries,
        asked_for_on_calls=counts.asked_for_on_calls,
        answers=counts.answers,
        contacts_texted=counts.contacts_texted,
        responses=responses,
        rates=_rates(responses, sent, by_state[TextState.DELIVERED], counts.contacts_texted),
        cost=_cost(await rows.count_by_price(conn, campaign.id), campaign.config.sms.currency, counts.parts),
        delivery_time=DeliveryTime(median_seconds=seconds.median_s, p90_seconds=seconds.p90_s),
        hours=text_hours_of_day(await rows.count_by_quarter_hour(conn, campaign.id), campaign.timezone),
        by_line=[_line(row) for row in await rows.count_by_line(conn, campaign.id)],
        first_text_at=counts.first_text_at,
        last_text_at=counts.last_text_at,
    )


async def _responses(conn: Connection, campaign: Campaign, counts: rows.TextCounts) -> Responses:
    links = await count_links(conn, campaign.id)
    replies = await rows.count_replies(conn, campaign.id)
    return Responses(
        with_links=links.texts,
        opened=links.opened,
        clicked=links.clicked,
        visits_by_people=links.by_people,
        visits_by_previewers=links.by_own_previewers + links.by_previewers,
        visits_by_bots=links.by_bots,
        replies=replies.replies,
        people_replied=replies.people,
        replies_unclear=replies.unclear,
        opted_out=counts.opted_out,
    )


def _failures(outcomes: Sequence[rows.OutcomeCounts]) -> Failures:
    def by_reason(state: TextState) -> dict[str, int]:
        return {row.failure or _UNGIVEN: row.texts for row in outcomes if row.state == state}

    return Failures(
        undelivered=by_reason(TextState.UNDELIVERED),
        refused=by_reason(TextState.REFUSED),
        not_taken=by_reason(TextState.NOT_TAKEN),
        unknown=by_reason(TextState.UNKNOWN),
    )


def _rates(responses: Responses, sent: int, delivered: int, contacts_texted: int) -> TextRates:
    return TextRates(
        delivery_rate=_share(delivered, sent),
        open_rate=_share(responses.opened, responses.with_links),
        click_rate=_share(responses.clicked, responses.with_links),
        reply_rate=_share(responses.people_replied, contacts_texted),
        opt_out_rate=_share(responses.opted_out, sent),
    )


def _cost(prices: Sequence[rows.PriceCounts], currency: str | None, parts: int) -> Cost:
    by_price = [
        Price(
            price_per_part=row.price_per_part,
            parts=row.parts,
            cost=None if row.price_per_part is None else row.parts * row.price_per_part,
        )
        for row in prices
    ]
    costs = [price.cost for price in by_price if price.cost is not None]
    return Cost(
        currency=currency, parts=parts, total=sum(costs, Decimal()) if costs else None, by_price=by_price
    )


def _line(row: rows.TextLineCounts) -> TextLine:
    return TextLine(**vars(row), delivery_rate=_share(row.delivered, row.sent))


def _passed_on(row: rows.PassedOnCounts) -> PassedOnTotals:
    return PassedOnTotals(
        to=Channel(row.channel),
        contacts=row.contacts,
        delivered=row.delivered,
        sent=row.sent,
        failed=row.failed,
        in_progress=row.in_progress,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _checks(
    totals: TextTotals, agreement: rows.TextAgreement, under_way: int, counts: rows.TextCounts
) -> list[Check]:
    return [
        Check(
            rule="Texts begun = texts by state, added up",
            expected=totals.begun,
            found=sum(totals.by_state.values()),
        ),
        Check(
            rule="Texts begun = texts contacts count + texts asked for on calls",
            expected=totals.begun,
            found=agreement.texts + totals.asked_for_on_calls,
        ),
        Check(
            rule="Contacts = contacts whose own count of texts equals their texts",
            expected=agreement.contacts,
            found=agreement.same_counts,
        ),
        Check(
            rule="Texts the carrier is being asked to take = contacts in progress for one",
            expected=counts.submitting,
            found=under_way,
        ),
        Check(
            rule="Parts to pay for = parts at each price, added up",
            expected=totals.cost.parts,
            found=sum(price.parts for price in totals.cost.by_price),
        ),
        Check(
            rule="Completed contacts = completed contacts with an answered call or a text a carrier took",
            expected=agreement.completed,
            found=agreement.completed_by_either,
        ),
    ]
