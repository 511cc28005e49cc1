"""`outdial blacklist import|export|registries`: whole lists come in, go out, and are looked at by age."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from outdial.blacklist.cache import ListedCache
from outdial.blacklist.registries import age_in_days
from outdial.campaigns.lists.export_suppressions import export_suppressions
from outdial.campaigns.lists.import_suppressions import (
    RegistryOf,
    SuppressionFile,
    SuppressionSummary,
    TellStep,
    ignore_steps,
    import_suppressions,
)
from outdial.cli.listed_numbers import InCampaign, Region, Until, parse_end, scope_of, with_lists
from outdial.cli.output import AsJson, print_json, print_table
from outdial.cli.who import By, who
from outdial.domain.campaign import REGISTRY_MAX_AGE_DAYS
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput
from outdial.reports.wording import counted
from outdial.storage.blacklist import Scope
from outdial.storage.pool import Pool
from outdial.storage.registries import Registry, read_registries
from outdial.storage.staged_listings import Unsaid

OfRegistry = Annotated[str | None, typer.Option("--registry", help="A registry's name, as us-dnc.")]


def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX, or a number on each line.")],
    *,
    campaign: InCampaign = None,
    registry: OfRegistry = None,
    as_of: Annotated[
        str | None, typer.Option(help="The day a registry's copy was drawn, as 2026-06-15.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The number's column; A+B puts it together from two.")
    ] = None,
    region: Region = None,
    reason: Annotated[str | None, typer.Option(help="Why, where a row does not say.")] = None,
    source: Annotated[str | None, typer.Option(help="Where from. Default: the file's name.")] = None,
    by: By = None,
    until: Until = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows go. Default: FILE's name with .rejects.csv.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="A CSV file's encoding, where it is not found out.")
    ] = None,
    accept_smaller: Annotated[
        bool, typer.Option("--accept-smaller", help="Take a copy with less than half of ours.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List every number of a file; with --registry the file is the whole list, and what it lacks is unlisted.

    Run it again where it was cut off: what is done stays done.
    """
    now = utc_now()
    of = _registry_of(registry, as_of, campaign, until, accept_smaller=accept_smaller)
    usual = f"on registry {registry}" if registry else "on an imported list"
    unsaid = Unsaid(reason or usual, source or file.name, who(by))
    ends = parse_end(until, now)

    with _progress(shown=sys.stderr.isatty() and not as_json) as tell:

        async def work(pool: Pool, cache: ListedCache) -> SuppressionSummary:
            wanted = SuppressionFile(
                file,
                unsaid,
                await scope_of(pool, campaign),
                of,
                column,
                region,
                ends,
                encoding,
                rejects,
                tell,
            )
            return await import_suppressions(pool, wanted, now, cache)

        summary = with_lists(work)
    if as_json:
        print_json(summary.facts())
    else:
        _print_summary(summary, of)
    if summary.rows and summary.rejected == summary.rows:
        raise typer.Exit(1)


def export(
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    campaign: InCampaign = None,
    registry: OfRegistry = None,
    as_json: AsJson = False,
) -> None:
    """Write a list as CSV that can be imported again; without --campaign or --registry, all lists."""
    if campaign and registry:
        raise InvalidInput("give --campaign or --registry, not both")

    async def work(pool: Pool, _cache: ListedCache) -> int:
        scope = Scope(registry=registry) if registry else await scope_of(pool, campaign)
        return await export_suppressions(pool, scope, file)

    entries = with_lists(work)
    if as_json:
        print_json({"entries": entries, "file": str(file)})
    else:
        print(f"{counted(entries, 'entry', 'entries')}: {file}")


def registries(as_json: AsJson = False) -> None:
    """Show the registries there are copies of, and how old each copy is."""

    async def work(pool: Pool, _cache: ListedCache) -> list[Registry]:
        async with pool.connection() as conn:
            return list((await read_registries(conn)).values())

    found = with_lists(work)
    now = utc_now()
    ages = [age_in_days(one, now) for one in found]
    if as_json:
        print_json([asdict(one) | {"age_days": age} for one, age in zip(found, ages, strict=True)])
        return
    rows = [
        [
            one.name,
            "no whole copy" if one.as_of is None else str(one.as_of),
            "" if age is None else counted(age, "day"),
            _limit(one.name),
            f"{one.numbers:,}",
            one.imported_by or "",
        ]
        for one, age in zip(found, ages, strict=True)
    ]
    print_table(("registry", "copy of", "age", "limit", "numbers", "imported by"), rows)


def _registry_of(
    registry: str | None, as_of: str | None, campaign: str | None, until: str | None, *, accept_smaller: bool
) -> RegistryOf | None:
    if registry is None:
        if as_of or accept_smaller:
            raise InvalidInput("--as-of and --accept-smaller speak of a registry: name it with --registry")
        return None
    if campaign or until:
        raise InvalidInput(
            "a registry holds for every campaign that requires it, and without an end: "
            "leave out --campaign and --until"
        )
    if as_of is None:
        raise InvalidInput("--as-of is missing: the day on which this copy of the registry was drawn")
    try:
        return RegistryOf(registry, date.fromisoformat(as_of), accept_smaller)
    except ValueError as error:
        raise InvalidInput(f"--as-of {as_of!r} is no day; write it as 2026-06-15") from error


@contextmanager
def _progress(*, shown: bool) -> Generator[TellStep]:
    if not shown:
        yield ignore_steps
        return
    parts = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]:,}"),
        TimeElapsedColumn(),
    )
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None, done=0)

        def tell(step: str, done: int, share: float | None) -> None:
            bar.update(
                task,
                description=step,
                total=None if share is None else 1.0,
                completed=share or 0.0,
                done=done,
            )

        yield tell


def _print_summary(summary: SuppressionSummary, of: RegistryOf | None) -> None:
    changes = summary.changes
    print(
        f"{counted(summary.rows, 'row')}: {counted(changes.entries, 'entry', 'entries')}, "
        f"{summary.repeated:,} repeated, "
        f"{summary.rejected:,} rejected"
    )
    print(
        f"{changes.listed:,} listed, {changes.renewed:,} renewed, {changes.unchanged:,} unchanged, "
        f"{changes.unlisted:,} unlisted"
    )
    if changes.swept.marked or changes.swept.made_to_wait:
        print(
            f"{counted(changes.swept.marked, 'contact is', 'contacts are')} not called any more, "
            f"{counted(changes.swept.made_to_wait, 'waits until its', 'wait until their')} listing ends"
        )
    if of:
        print(f"The copy of {of.name} is of {of.as_of} now.")
    if summary.rejects_file:
        print(f"Rejected rows and why: {summary.rejects_file}")


def _limit(name: str) -> str:
    days = REGISTRY_MAX_AGE_DAYS.get(name)
    return counted(days, "day") if days else "as each campaign says"
