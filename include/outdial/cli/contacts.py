"""`outdial contacts`: look at a list, and let it into a campaign; the summary adds up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from outdial.campaigns.lists.check_contacts import CheckedList, check_contacts
from outdial.campaigns.lists.contact_columns import ColumnHints
from outdial.campaigns.lists.contact_records import ContactFile
from outdial.campaigns.lists.import_batches import ImportSummary
from outdial.campaigns.lists.import_contacts import ImportOptions, import_contacts
from outdial.cli.contacts_output import (
    checked_facts,
    import_progress,
    print_checked,
    print_summary,
    summary_facts,
)
from outdial.cli.database import with_database
from outdial.cli.output import AsJson, print_json
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.settings import Settings
from outdial.storage.campaigns import Campaign, find_campaign
from outdial.storage.pool import Pool

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check and import contact lists.")

ListFile = Annotated[Path, typer.Argument(help="CSV or XLSX, with a header.")]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="TARGET=COLUMN, repeatable: phone=…, timezone=…, region=…, or a new name for any other column.",
    ),
]
Encoding = Annotated[str | None, typer.Option(help="A CSV file's encoding, where it is not found out.")]


@app.callback()
def contacts() -> None:
    """Check and import contact lists."""


@app.command()
def check(
    file: ListFile,
    campaign: Annotated[str | None, typer.Option(help="The campaign whose rules hold: id or slug.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Without a campaign: whose numbers lack a country code, as US.")
    ] = None,
    mapping: Mapping = None,
    encoding: Encoding = None,
    as_json: AsJson = False,
) -> None:
    """Show how a list would be read and what would be rejected and why; nothing is written."""
    found = _find(campaign) if campaign is not None else None
    hints = ColumnHints(
        _parse_mapping(mapping or []), found.config.default_region if found else _region(region)
    )
    checked = check_contacts(ContactFile(file, encoding), hints, found, utc_now().year)
    if as_json:
        print_json(checked_facts(checked))
    else:
        print_checked(checked)
    _fail_where_nothing_fits(checked)


@app.command("import")
def import_(
    file: ListFile,
    *,
    campaign: Annotated[str, typer.Option(help="The campaign's id or slug.")],
    mapping: Mapping = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows go. Default: FILE's name with .rejects.csv.")
    ] = None,
    encoding: Encoding = None,
    again: Annotated[
        bool, typer.Option("--again", help="Start an interrupted import anew instead of going on with it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a list of people; rows that cannot be called go into a rejects file with the reason.

    An import that was interrupted goes on where it stopped when the same command is given again.
    """
    columns = _parse_mapping(mapping or [])
    with import_progress(shown=sys.stderr.isatty() and not as_json) as tell:
        options = ImportOptions(columns, rejects, encoding, tell, again)

        async def work(pool: Pool, _settings: Settings) -> ImportSummary:
            async with pool.connection() as conn:
                found = await find_campaign(conn, campaign)
            return await import_contacts(pool, found.id, file, utc_now(), options)

        summary = with_database(work)
    if as_json:
        print_json(summary_facts(summary))
    else:
        print_summary(summary)
    _fail_where_nothing_fits(summary)


def _find(campaign: str) -> Campaign:
    async def work(pool: Pool, _settings: Settings) -> Campaign:
        async with pool.connection() as conn:
            return await find_campaign(conn, campaign)

    return with_database(work)


def _region(written: str | None) -> str | None:
    if written is not None and not (len(written) == len("US") and written.isalpha()):
        raise InvalidInput(f"--region {written!r}: write a country's two letters, as US")
    return written and written.upper()


def _fail_where_nothing_fits(what: ImportSummary | CheckedList) -> None:
    if what.rows and what.rejected == what.rows:
        raise typer.Exit(1)


def _parse_mapping(written: list[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for pair in written:
        target, equals, column = pair.partition("=")
        if not (target.strip() and equals and column.strip()):
            raise InvalidInput(f"--map {pair!r}: write TARGET=COLUMN, as in --map phone='Mobile No.'")
        mapping[target.strip()] = column.strip()
    return mapping
