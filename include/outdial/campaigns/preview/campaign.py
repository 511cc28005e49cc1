"""What will become of a campaign's list: who can be reached now, later and never, why, and how long it takes.

For managers, before anything is sent and at any time later: `outdial campaign preview`, and the console.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.campaigns.lifecycle import FINISHED, is_past_end
from outdial.campaigns.preview.areas import AreaHours, hours_of_areas
from outdial.campaigns.preview.forecast import Duration, forecast_duration
from outdial.campaigns.preview.outlooks import Judged, Outlooks, by_group, judge, put_together
from outdial.campaigns.preview.texts import TextsPreview, preview_texts
from outdial.campaigns.preview.warn import Warn
from outdial.campaigns.preview.warnings import Seen, preview_warnings
from outdial.domain.channels import Channel
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.contacts import read_areas
from outdial.storage.pool import Connection, Pool
from outdial.storage.preview import count_outlooks, read_area_ids
from outdial.storage.progress import count_contacts


class Preview(BaseModel):
    """A campaign's list at one moment. now + later + never = total, counted in the same snapshot."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    campaign_id: UUID
    slug: str
    name: str
    timezone: str
    at: datetime
    total: int
    now: int
    later: int
    never: int
    outlooks: tuple[Outlooks, ...]
    channels: tuple[Channel, ...]
    duration: Duration
    """Of calls alone; texts have their own in `texts`."""
    texts: TextsPreview | None = None
    warnings: tuple[Warn, ...]

    @property
    def adds_up(self) -> bool:
        """Whether every contact was counted once."""
        return self.now + self.later + self.never == self.total


@dataclass(frozen=True)
class Elsewhere:
    """What the database does not tell: the pace of all dialers together, and where short links begin."""

    max_cps: float
    links_base_url: str | None = None


async def preview_campaign(pool: Pool, campaign_id: UUID, elsewhere: Elsewhere, now: datetime) -> Preview:
    """Count every contact by when it can be reached next, as seen from `now`, and forecast the first pass.

    Contacts, lists, calls and texts are as they stand in the database.

    Raises InvalidInput where there is no such campaign.
    """
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        return await _preview(conn, await read_campaign(conn, campaign_id), elsewhere, now)


async def _preview(conn: Connection, campaign: Campaign, elsewhere: Elsewhere, now: datetime) -> Preview:
    areas, judged = await judge_contacts(conn, campaign, now)
    outlooks = put_together(judged)
    duration = await forecast_duration(conn, campaign, judged, elsewhere.max_cps, now)
    texts = await preview_texts(conn, campaign, judged, elsewhere.links_base_url, now)
    warnings = await preview_warnings(conn, Seen(campaign, areas, judged, duration, texts, now))
    return Preview(
        campaign_id=campaign.id,
        slug=campaign.slug,
        name=campaign.name,
        timezone=campaign.timezone,
        at=now,
        total=(await count_contacts(conn, campaign.id))["total"],
        **by_group(outlooks),
        outlooks=outlooks,
        channels=campaign.reach.channels,
        duration=duration,
        texts=texts,
        warnings=tuple(warnings),
    )


async def judge_contacts(
    conn: Connection, campaign: Campaign, now: datetime
) -> tuple[list[AreaHours], list[Judged]]:
    """The campaign's areas, and every contact's outlook in tallies; call within a transaction."""
    area_ids = await read_area_ids(conn, campaign.id)
    areas = hours_of_areas(campaign, await read_areas(conn), area_ids, now)
    over = campaign.status in FINISHED or is_past_end(campaign, now)
    rules = [area.rules for area in areas.values()]
    tallies = await count_outlooks(conn, campaign, rules, now, over=over)
    return list(areas.values()), [judge(tally, areas[tally.area_id]) for tally in tallies]
