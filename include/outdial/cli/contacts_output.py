"""What `outdial contacts` shows: progress, what a list would become, and what became of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from outdial.campaigns.lists.check_contacts import CheckedList, Reason
from outdial.campaigns.lists.import_batches import ImportSummary
from outdial.campaigns.lists.import_contacts import Tell, ignore_progress
from outdial.cli.output import print_table
from outdial.reports.wording import counted


@contextmanager
def import_progress(*, shown: bool) -> Generator[Tell]:
    """A bar on standard error while the block runs; what it yields is to be told of each batch."""
    if not shown:
        yield ignore_progress
        return
    console = Console(stderr=True)
    parts = (SpinnerColumn(), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]:,} rows"))
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*parts, *times, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, rows=0)

        def tell(summary: ImportSummary, share: float | None) -> None:
            total = None if share is None else 1.0
            bar.update(task, total=total, completed=share or 0.0, rows=summary.rows)

        yield tell


def summary_facts(summary: ImportSummary) -> dict[str, object]:
    """The summary as programs read it."""
    rejects_file = summary.rejects_file
    return {
        "rows": summary.rows,
        "imported": summary.imported,
        "duplicates": summary.duplicates,
        "rejected": summary.rejected,
        "warnings": summary.warnings,
        "oddities": dict(summary.oddities),
        "notes": summary.notes,
        "resumed_at": summary.resumed_at,
        "rejects_file": None if rejects_file is None else str(rejects_file),
    }


def print_summary(summary: ImportSummary) -> None:
    """The summary as people read it."""
    if summary.resumed_at:
        print(
            f"Went on after {counted(summary.resumed_at, 'row')} of an interrupted import; "
            "--again starts anew."
        )
    print(
        f"{counted(summary.rows, 'row')}: {summary.imported:,} imported, "
        f"{counted(summary.duplicates, 'duplicate')}, "
        f"{summary.rejected:,} rejected (numbers from column {summary.phone_column!r})"
    )
    if summary.warnings:
        oddities = ", ".join(f"{oddity} ({times:,})" for oddity, times in summary.oddities.most_common())
        print(f"{summary.warnings:,} imported with a warning: {oddities}")
    for note in summary.notes:
        print(f"Note: {note}")
    if summary.rejects_file:
        print(f"Rejected rows and why: {summary.rejects_file}")


def checked_facts(checked: CheckedList) -> dict[str, object]:
    """A checked list as programs read it."""
    return asdict(checked)


def print_checked(checked: CheckedList) -> None:
    """A checked list as people read it."""
    rows = [[column.name, column.taken_for, " · ".join(column.samples)] for column in checked.columns]
    print_table(("column", "taken for", "as in"), rows)
    print(
        f"{counted(checked.rows, 'row')}: {checked.importable:,} would be imported, "
        f"{counted(checked.duplicates, 'repeats', 'repeat')} a number, {checked.rejected:,} would be rejected"
    )
    _print_reasons("Rejected", checked.reasons)
    _print_reasons("Imported with a warning", checked.oddities)
    for note in checked.notes:
        print(f"Note: {note}")


def _print_reasons(title: str, reasons: Mapping[str, Reason]) -> None:
    if reasons:
        print(f"{title}:")
    for text, reason in sorted(reasons.items(), key=lambda pair: -pair[1].times):
        places = ", ".join(map(str, reason.example_rows))
        more = ", …" if reason.times > len(reason.example_rows) else ""
        print(f"  {reason.times:>9,}  {text} (rows {places}{more})")
