"""`outdial campaign …`: create campaigns, look at them, steer them, report on them."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from outdial.campaigns import lifecycle
from outdial.campaigns.create import create_campaign
from outdial.campaigns.progress import Progress, read_progress
from outdial.campaigns.validate import campaign_problems
from outdial.cli.campaign_explain import explain
from outdial.cli.campaign_preview import preview
from outdial.cli.database import with_database
from outdial.cli.input_file import read_input_file
from outdial.cli.output import AsJson, print_json, print_table
from outdial.cli.who import By, who
from outdial.domain.campaign import read_campaign as read_campaign_file
from outdial.domain.clock import utc_now
from outdial.settings import Settings
from outdial.storage.campaign_changes import Actor, CampaignChange, newest_changes
from outdial.storage.campaigns import Campaign, find_campaign, list_campaigns, read_campaign
from outdial.storage.pool import Pool

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Create, look at and steer campaigns.")

app.command()(preview)
app.command()(explain)

CHANGES_SHOWN = 20
CHANGE_COLUMNS = ("changed at", "from", "to", "by", "way")

Name = Annotated[str, typer.Argument(metavar="ID", help="The campaign's id or slug.")]


@app.command()
def create(
    file: Annotated[Path, typer.Argument(help="The campaign, as YAML or JSON.")], as_json: AsJson = False
) -> None:
    """Create a campaign; every field that is wrong is named."""
    spec = read_campaign_file(read_input_file(file))

    async def work(pool: Pool, _settings: Settings) -> Campaign:
        campaign_id = await create_campaign(pool, spec, utc_now())
        async with pool.connection() as conn:
            return await read_campaign(conn, campaign_id)

    campaign = with_database(work)
    if as_json:
        print_json({"id": campaign.id, "slug": campaign.slug, "status": campaign.status})
    else:
        print(f"Campaign {campaign.slug} is created ({campaign.id}, {campaign.status}).")
        print(f"Next: outdial contacts import FILE --campaign {campaign.slug}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show every campaign, newest first."""

    async def work(pool: Pool, _settings: Settings) -> list[Campaign]:
        async with pool.connection() as conn:
            return await list_campaigns(conn)

    campaigns = with_database(work)
    if as_json:
        print_json([campaign_facts(campaign) for campaign in campaigns])
    else:
        print_table(
            ("campaign", "type", "status", "created (UTC)", "id"),
            [(c.slug, c.type, c.status, f"{c.created_at:%Y-%m-%d %H:%M}", c.id) for c in campaigns],
        )


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one campaign, how far it is, and who changed it last."""

    async def work(pool: Pool, _settings: Settings) -> tuple[Campaign, Progress, list[CampaignChange]]:
        async with pool.connection() as conn:
            campaign = await find_campaign(conn, name)
            progress = await read_progress(conn, campaign.id, utc_now())
            return campaign, progress, await newest_changes(conn, campaign.id, CHANGES_SHOWN)

    campaign, progress, changes = with_database(work)
    figures = progress.model_dump(by_alias=True)
    if as_json:
        facts = campaign_facts(campaign) | {"config": campaign.written_config, "progress": figures}
        print_json(facts | {"changes": [_change_facts(change) for change in changes]})
    else:
        facts = {key: value for key, value in campaign_facts(campaign).items() if value not in (None, [])}
        rows = list((facts | figures).items())
        print_table(("campaign", campaign.name), rows)
        if changes:
            print()
            print_table(CHANGE_COLUMNS, [_change_cells(change, campaign) for change in changes])


@app.command()
def validate(name: Name, as_json: AsJson = False) -> None:
    """Find everything that would keep a campaign from running; exits 1 if there is anything."""

    async def work(pool: Pool, settings: Settings) -> list[str]:
        async with pool.connection() as conn:
            campaign = await find_campaign(conn, name)
            return await campaign_problems(
                conn, campaign.id, utc_now(), settings.storage_url, settings.speech, settings.sms_sender
            )

    problems = with_database(work)
    if as_json:
        print_json({"valid": not problems, "problems": problems})
    elif not problems:
        print(f"Campaign {name} can run.")
    for problem in problems:
        print(f"outdial: {problem}", file=sys.stderr)
    raise typer.Exit(1 if problems else 0)


@app.command()
def pause(name: Name, by: By = None, as_json: AsJson = False) -> None:
    """Begin no new call or text until `resume`; calls in progress end as they would."""
    _steer(name, lifecycle.pause, by, as_json=as_json)


@app.command()
def resume(name: Name, by: By = None, as_json: AsJson = False) -> None:
    """Go on with a paused campaign."""
    _steer(name, lifecycle.resume, by, as_json=as_json)


@app.command()
def cancel(name: Name, by: By = None, as_json: AsJson = False) -> None:
    """End a campaign for good; it is still reported."""
    _steer(name, lifecycle.cancel, by, as_json=as_json)


@app.command()
def report(name: Name, as_json: AsJson = False) -> None:
    """Write the report as it stands now and say where its files are."""
    from outdial.reports.write import ReportFiles, write_report  # noqa: PLC0415 - its page needs seldom-used parts

    async def work(pool: Pool, settings: Settings) -> ReportFiles:
        async with pool.connection() as conn:
            campaign = await find_campaign(conn, name)
        return await write_report(pool, campaign.id, settings.storage_url, utc_now())

    files = with_database(work)
    if as_json:
        print_json(files.by_kind)
    else:
        print_table(("report", "file"), list(files.by_kind.items()))


def campaign_facts(campaign: Campaign) -> dict[str, Any]:
    """What a campaign is and how it stands, as programs read it."""
    return {
        "id": campaign.id,
        "slug": campaign.slug,
        "name": campaign.name,
        "type": campaign.type,
        "status": campaign.status,
        "timezone": campaign.timezone,
        "startTime": _iso(campaign.start_time),
        "endTime": _iso(campaign.end_time),
        "schedule": campaign.schedule,
        "failureReasons": list(campaign.failure_reasons),
        "createdAt": _iso(campaign.created_at),
        "updatedAt": _iso(campaign.updated_at),
    }


def _change_facts(change: CampaignChange) -> dict[str, str]:
    return {
        "at": change.at.isoformat(),
        "before": change.before,
        "after": change.after,
        "by": change.changed_by,
        "way": change.way,
    }


def _change_cells(change: CampaignChange, campaign: Campaign) -> tuple[str, ...]:
    at = f"{change.at.astimezone(campaign.zone):%Y-%m-%d %H:%M:%S}"
    return at, change.before, change.after, change.changed_by, change.way


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


Step = Callable[[Pool, UUID, Actor, datetime], Awaitable[Campaign]]


def _steer(name: str, step: Step, by: str | None, *, as_json: bool) -> None:
    actor = Actor(who(by), "command line")

    async def work(pool: Pool, _settings: Settings) -> Campaign:
        async with pool.connection() as conn:
            campaign = await find_campaign(conn, name)
        return await step(pool, campaign.id, actor, utc_now())

    campaign = with_database(work)
    if as_json:
        print_json(campaign_facts(campaign))
    else:
        print(f"Campaign {campaign.slug} is {campaign.status}.")
