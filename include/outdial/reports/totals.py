"""Counts a campaign from its rows and checks the counts against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from outdial.domain.dispositions import Disposition
from outdial.reports.figures import (
    AttemptTotals,
    CallTotals,
    Check,
    ContactTotals,
    Duration,
    Durations,
    LineTotals,
    Pace,
    Rates,
    Reconciliation,
    Run,
    Totals,
)
from outdial.reports.hours import hours_of_day
from outdial.reports.text_totals import TextsCounted, read_text_totals
from outdial.storage import report as rows
from outdial.storage.campaigns import read_campaign
from outdial.storage.pool import Connection


async def read_totals(conn: Connection, campaign_id: UUID) -> Totals:
    """Everything a report counts, from the campaign's beginning.

    Run it on `storage.report.open_snapshot`'s connection, else calls settled in between count in one
    figure and not in the next. Raises InvalidInput where there is no such campaign.
    """
    campaign = await read_campaign(conn, campaign_id)
    standing = await rows.count_contacts(conn, campaign_id)
    contacts = _contact_totals(standing, await rows.count_finished(conn, campaign_id))
    counts = await rows.count_calls(conn, campaign_id)
    calls = _call_totals(counts, await rows.count_dispositions(conn, campaign_id), standing.live_calls)
    lines = await rows.count_by_line(conn, campaign_id)
    agreement = await rows.compare_contacts_with_calls(conn, campaign_id)
    texts = await read_text_totals(conn, campaign)
    return Totals(
        contacts=contacts,
        calls=calls,
        texts=texts.totals if texts else None,
        passed_on=texts.passed_on if texts else [],
        rates=_rates(calls),
        by_attempt=[AttemptTotals(**vars(row)) for row in await rows.count_by_attempt(conn, campaign_id)],
        by_trunk=_line_totals(lines, lambda line: line.trunk),
        by_caller_id=_line_totals(lines, lambda line: line.caller_id),
        hours=hours_of_day(await rows.count_by_quarter_hour(conn, campaign_id), campaign.timezone),
        durations=_durations(await rows.measure_durations(conn, campaign_id)),
        pace=_pace(await rows.measure_pace(conn, campaign_id)),
        first_call_at=counts.first_call_at,
        last_call_ended_at=counts.last_call_ended_at,
        runs=[Run(**vars(row)) for row in await rows.read_runs(conn, campaign_id)],
        reconciliation=reconcile(contacts, calls, agreement, texts),
    )


def reconcile(
    contacts: ContactTotals, calls: CallTotals, agreement: rows.Agreement, texts: TextsCounted | None
) -> Reconciliation:
    """Compare figures that were counted from different rows and must be the same."""
    states = (contacts.completed, contacts.pending, contacts.in_progress, contacts.waiting, contacts.failed)
    checks = [
        Check(
            rule="Contacts in the list = contacts by state, added up",
            expected=contacts.total,
            found=sum(states) + contacts.blacklisted,
        ),
        Check(
            rule="Calls placed = calls by outcome + calls in progress",
            expected=calls.originates,
            found=sum(calls.by_disposition.values()) + calls.in_progress,
        ),
        Check(
            rule="Contacts = contacts whose own count of attempts equals their calls",
            expected=agreement.contacts,
            found=agreement.same_counts,
        ),
    ]
    checks += [_completed_by_answer(agreement)] if texts is None else texts.checks
    return Reconciliation(holds=all(check.holds for check in checks), checks=checks)


def _completed_by_answer(agreement: rows.Agreement) -> Check:
    """Holds where nobody is texted."""
    return Check(
        rule="Completed contacts = completed contacts with an answered call",
        expected=agreement.completed,
        found=agreement.completed_by_answer,
    )


def _contact_totals(standing: rows.ContactCounts, finished: Sequence[rows.FinishedContacts]) -> ContactTotals:
    failed_by_reason = {
        row.failure_reason: row.contacts for row in finished if row.status == "failed" and row.failure_reason
    }
    return ContactTotals(
        total=standing.total,
        completed=_with_status(finished, "completed"),
        pending=standing.ready,
        in_progress=standing.dispatched + standing.live_calls + standing.live_texts,
        waiting=standing.waiting,
        failed=sum(failed_by_reason.values()),
        blacklisted=_with_status(finished, "blacklisted"),
        failed_by_reason=failed_by_reason,
    )


def _with_status(finished: Sequence[rows.FinishedContacts], status: str) -> int:
    return sum(row.contacts for row in finished if row.status == status)


def _call_totals(counts: rows.CallCounts, by_disposition: dict[str, int], live: int) -> CallTotals:
    return CallTotals(
        originates=counts.originates,
        attempts=counts.attempts,
        in_progress=live,
        by_disposition={disposition: by_disposition.get(disposition, 0) for disposition in Disposition},
        converted=counts.converted,
        opted_out=counts.opted_out,
        messages_left=counts.messages_left,
        contacts_called=counts.contacts_called,
        contacts_reached=counts.contacts_reached,
    )


def _rates(calls: CallTotals) -> Rates:
    return Rates(
        answer_rate=_share(calls.answered, calls.attempts),
        reach_rate=_share(calls.contacts_reached, calls.contacts_called),
        conversion_rate=_share(calls.converted, calls.answered),
        opt_out_rate=_share(calls.opted_out, calls.answered),
    )


def _line_totals(
    lines: Sequence[rows.LineCounts], name_of: Callable[[rows.LineCounts], str | None]
) -> list[LineTotals]:
    """One entry for each name, the busiest first."""
    names = dict.fromkeys(name_of(line) for line in lines)
    totals = [_line(name, [line for line in lines if name_of(line) == name]) for name in names]
    return sorted(totals, key=lambda total: -total.originates)


def _line(name: str | None, lines: Sequence[rows.LineCounts]) -> LineTotals:
    attempts, answered = sum(line.attempts for line in lines), sum(line.answered for line in lines)
    return LineTotals(
        name=name,
        originates=sum(line.originates for line in lines),
        attempts=attempts,
        answered=answered,
        answer_rate=_share(answered, attempts),
        unreached=sum(line.unreached for line in lines),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _durations(measured: Sequence[rows.DurationCounts]) -> Durations:
    by_kind = {row.kind: _duration(row) for row in measured}
    return Durations(ring=by_kind.get("ring", Duration()), talk=by_kind.get("talk", Duration()))


def _duration(row: rows.DurationCounts) -> Duration:
    return Duration(
        calls=row.calls,
        total_seconds=row.total_s,
        mean_seconds=row.mean_s,
        median_seconds=row.median_s,
        p90_seconds=row.p90_s,
        max_seconds=row.max_s,
    )


def _pace(measured: rows.PaceCounts) -> Pace:
    return Pace(
        per_second=measured.gaps / measured.calling_s if measured.calling_s else None,
        busiest_second=measured.busiest_second or 0,
        busiest_minute=measured.busiest_minute or 0,
    )
