"""The steps of an attempt, in one line each, for tests that are about what lies between them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.release import Released
from outdial.attempts.settle import CallOutcome
from outdial.domain.channels import Channel
from outdial.domain.dial_task import DialTask
from outdial.domain.dispositions import Disposition
from outdial.domain.number_caps import NumberCaps
from outdial.domain.ranking import Group
from outdial.storage.campaigns import Campaign
from outdial.storage.claims import OpenArea, Stand, claim_best
from outdial.storage.pool import Pool
from tests import given

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)  # Monday 12:00 in New York


async def claimed(pool: Pool, campaign: Campaign, now: datetime = NOON) -> list[DialTask]:
    """Dial tasks of every ready contact, as dispatch would send them."""
    async with pool.connection() as conn, conn.transaction():
        areas = await (await conn.execute("select id from areas")).fetchall()
        groups = [Group(row["id"], 24, 24) for row in areas]
        open_areas = [OpenArea(group.area_id, None, NumberCaps()) for group in groups]
        claims = await claim_best(conn, Stand(campaign.id, Channel.VOICE), groups, open_areas, 1000, now)
    return [
        DialTask(
            contact_id=claim.contact_id,
            campaign_id=campaign.id,
            phone_number=claim.phone,
            attempts=claim.attempts,
            timestamp=now,
            claim_id=claim.claim_id,
        )
        for claim in claims
    ]


async def a_permit(pool: Pool, now: datetime = NOON) -> Permit:
    return Permit(await given.a_dialer(pool, now), "trunk", 1)


def ended(begun: Begun, disposition: Disposition, at: datetime = NOON) -> CallOutcome:
    return CallOutcome(begun.call_id, disposition, at)


async def contact_row(pool: Pool, contact_id: UUID) -> dict:
    async with pool.connection() as conn:
        query = (
            "select c.*, w.due_at from contacts c "
            "left join waiting_contacts w on w.contact_id = c.id where c.id = %s"
        )
        return await (await conn.execute(query, [contact_id])).fetchone()


async def refusal_of(pool: Pool, campaign: Campaign, permit: Permit, now: datetime = NOON) -> Released:
    (task,) = await claimed(pool, campaign)
    answer = await begin_attempt(pool, task, permit, now)
    assert isinstance(answer, Released)
    return answer
