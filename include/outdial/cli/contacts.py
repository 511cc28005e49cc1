"""`outdial contacts import`: a list goes into a campaign, and the summary adds up."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from outdial.campaigns.import_batches import ImportSummary
from outdial.campaigns.import_contacts import (
    ImportOptions,
    Tell,
    ignore_progress,
    import_contacts,
)
from outdial.cli.database import with_database
from outdial.cli.output import AsJson, print_json
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.settings import Settings
from outdial.storage.campaigns import find_campaign
from outdial.storage.pool import Pool

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Import contact lists.")


@app.callback()
def contacts() -> None:
    """Import contact lists."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX, with a header.")],
    campaign: Annotated[str, typer.Option(help="The campaign's id or slug.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="TARGET=COLUMN, repeatable: phone=…, timezone=…, or a new name for any other column.",
        ),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows go. Default: FILE's name with .rejects.csv.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="A CSV file's encoding, where it is not found out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a list of people; rows that cannot be called go into a rejects file with the reason."""
    columns = _parse_mapping(mapping or [])
    with _progress(shown=sys.stderr.isatty() and not as_json) as tell:
        options = ImportOptions(columns, rejects, encoding, tell)

        async def work(pool: Pool, _settings: Settings) -> ImportSummary:
            async with pool.connection() as conn:
                found = await find_campaign(conn, campaign)
            return await import_contacts(pool, found.id, file, utc_now(), options)

        summary = with_database(work)
    if as_json:
        print_json(summary_facts(summary))
    else:
        _print_summary(summary)
    if summary.rows and summary.rejected == summary.rows:
        raise typer.Exit(1)


def _parse_mapping(written: list[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in written:
        target, equals, column = pair.partition("=")
        if not (target.strip() and equals and column.strip()):
            raise InvalidInput(f"--map {pair!r}: write TARGET=COLUMN, as in --map phone='Mobile No.'")
        mapping[target.strip()] = column.strip()
    return mapping


@contextmanager
def _progress(*, shown: bool) -> Generator[Tell]:
    if not shown:
        yield ignore_progress
        return
    console = Console(stderr=True)
    parts = (SpinnerColumn(), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]:,} rows"))
    with Progress(*parts, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None, rows=0)

        def tell(summary: ImportSummary, share: float | None) -> None:
            total = None if share is None else 1.0
            bar.update(task, total=total, completed=share or 0.0, rows=summary.rows)

        yield tell


def summary_facts(summary: ImportSummary) -> dict[str, int | str | None]:
    """The summary as programs read it."""
    rejects_file = summary.rejects_file
    return {
        "rows": summary.rows,
        "imported": summary.imported,
        "duplicates": summary.duplicates,
        "rejected": summary.rejected,
        "warnings": summary.warnings,
        "rejects_file": None if rejects_file is None else str(rejects_file),
    }


def _print_summary(summary: ImportSummary) -> None:
    print(
        f"{summary.rows:,} rows: {summary.imported:,} imported, {summary.duplicates:,} duplicates, ", end=""
    )
    print(f"{summary.rejected:,} rejected (numbers from column {summary.phone_column!r})")
    if summary.warnings:
        oddities = ", ".join(f"{oddity} ({times:,})" for oddity, times in summary.oddities.most_common())
        print(f"{summary.warnings:,} imported with a warning: {oddities}")
    if summary.rejects_file:
        print(f"Rejected rows and why: {summary.rejects_file}")
