"""What a test is given: campaigns, contacts and dialers in a real database, in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from outdial.campaigns.lifecycle import renew_lease, start_run
from outdial.domain.campaign import read_campaign as read_campaign_file
from outdial.storage.campaign_changes import Actor
from outdial.storage.campaigns import Campaign, insert_campaign, read_campaign
from outdial.storage.contacts import NewContact, insert_contacts
from outdial.storage.pool import Pool

ALWAYS = {"dayOfWeek": [0, 1, 2, 3, 4, 5, 6], "startHour": 0, "endHour": 24}
ANY_HOUR = {"jurisdictions": "none", "numberCaps": "none"}
RUN = "manual__run"
OPERATOR = Actor("ops", "command line")


def phones(n: int, first: int = 0) -> list[str]:
    """`n` numbers of the ranges kept for fiction."""
    return [f"+1202555{first + k:04d}" for k in range(n)]


async def a_campaign(pool: Pool, now: datetime, **changes: Any) -> Campaign:
    """A voice campaign that may call anybody at any hour, but for `changes` to its file or its config."""
    top = {
        key: changes.pop(key)
        for key in ("name", "type", "timezone", "startTime", "endTime", "schedule")
        if key in changes
    }
    written = {"name": "Spring appeal", "type": "voice", "timezone": "America/New_York"} | top
    written["config"] = {"audioFileUrl": "sound:hello-world", "callingWindows": [ALWAYS]} | ANY_HOUR | changes
    async with pool.connection() as conn:
        campaign_id = await insert_campaign(conn, read_campaign_file(written), "draft", now)
        return await read_campaign(conn, campaign_id)


async def contacts(
    pool: Pool,
    campaign: Campaign,
    numbers: Sequence[str],
    now: datetime,
    zones: tuple[str, ...] = ("America/New_York",),
    regions: tuple[str, ...] = (),
) -> None:
    """Contacts with these numbers, oldest first, all in `zones` and `regions`."""
    people = [NewContact(number, zones, regions=regions) for number in numbers]
    async with pool.connection() as conn, conn.transaction():
        await insert_contacts(conn, campaign, people, now)


async def a_running_campaign(pool: Pool, now: datetime, numbers: Sequence[str], **changes: Any) -> Campaign:
    """A campaign with contacts, started by run RUN and vouched for."""
    campaign = await a_campaign(pool, now, **changes)
    await contacts(pool, campaign, numbers, now)
    await start_run(pool, campaign.id, RUN, None, now)
    await renew_lease(pool, campaign.id, RUN, now)
    async with pool.connection() as conn:
        return await read_campaign(conn, campaign.id)


async def a_dialer(pool: Pool, now: datetime) -> UUID:
    """A dialer that has just been heard of."""
    dialer_id = uuid4()
    async with pool.connection() as conn:
        await conn.execute(
            "insert into dialers (id, host, pid, version, started_at, heartbeat_at) "
            "values (%s, 'here', 1, '0', %s, %s)",
            [dialer_id, now, now],
        )
    return dialer_id
