"""The result of a campaign of texts: the seed's figures, each contact counted once, as the rows have it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from outdial.attempts.begin_texts import BegunText, TextTerms, begin_texts
from outdial.attempts.settle_texts import TextOutcome, settle_texts
from outdial.blacklist.listing import list_numbers
from outdial.campaigns.text_results import TextResult, read_text_result
from outdial.domain.channels import Channel, LineType
from outdial.domain.dial_task import DialTask
from outdial.domain.number_caps import NumberCaps
from outdial.domain.ranking import Group
from outdial.domain.sms.delivery import TextFailure, TextState
from outdial.storage.blacklist import Listing
from outdial.storage.campaigns import Campaign
from outdial.storage.carriers import note_carrier
from outdial.storage.claims import OpenArea, Stand, claim_best
from outdial.storage.contacts import NewContact, insert_contacts
from outdial.storage.pool import Pool
from tests import given

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)
TERMS = TextTerms(uuid4(), "smpp", "+12025559999")
TAKEN, REFUSED, UNKNOWN, NOT_TAKEN, LISTED, LANDLINE, NAMELESS, WAITING = given.phones(8)

ENDS = {
    TAKEN: (TextState.SENT, None),
    REFUSED: (TextState.REFUSED, TextFailure.FILTERED),
    UNKNOWN: (TextState.UNKNOWN, None),
    NOT_TAKEN: (TextState.NOT_TAKEN, TextFailure.CARRIER_DOWN),
}


async def a_run(pool: Pool, **config: str) -> Campaign:
    """A campaign of which everything that can has become of somebody; one was not dispatched yet."""
    campaign = await given.a_running_campaign(
        pool, NOON, [], type="sms", smsTemplate="Hi {{name}}", audioFileUrl=None, **config
    )
    people = [
        NewContact(
            phone,
            ("America/New_York",),
            {} if phone == NAMELESS else {"name": "Dana"},
            line_type=LineType.LANDLINE if phone == LANDLINE else LineType.MOBILE,
        )
        for phone in (*ENDS, LISTED, LANDLINE, NAMELESS)
    ]
    async with pool.connection() as conn:
        await note_carrier(conn, "smpp", 100, 0, NOON)
        await insert_contacts(conn, campaign, people, NOON)
    tasks = await claimed(pool, campaign)
    await list_numbers(pool, [Listing(LISTED, "asked", source="test", listed_by="ops")], NOON)
    async with pool.connection() as conn:
        await insert_contacts(conn, campaign, [NewContact(WAITING, ("America/New_York",))], NOON)
    begun = [one for one in await begin_texts(pool, tasks, TERMS, NOON) if isinstance(one, BegunText)]
    assert {one.phone for one in begun} == set(ENDS)
    outcomes = [TextOutcome(one.record_id, ENDS[one.phone][0], NOON, ENDS[one.phone][1]) for one in begun]
    await settle_texts(pool, outcomes, NOON)
    return campaign


async def claimed(pool: Pool, campaign: Campaign) -> list[DialTask]:
    async with pool.connection() as conn, conn.transaction():
        areas = await (await conn.execute("select id from areas")).fetchall()
        groups = [Group(row["id"], 24, 24) for row in areas]
        opened = [OpenArea(group.area_id, None, NumberCaps()) for group in groups]
        claims = await claim_best(conn, Stand(campaign.id, Channel.SMS), groups, opened, 100, NOON)
    return [
        DialTask(
            contact_id=claim.contact_id,
            campaign_id=campaign.id,
            phone_number=claim.phone,
            attempts=0,
            timestamp=NOON,
            claim_id=claim.claim_id,
        )
        for claim in claims
    ]


async def result_of(pool: Pool, campaign: Campaign) -> TextResult:
    async with pool.connection() as conn:
        return await read_text_result(conn, campaign)


async def contact_ids(pool: Pool) -> dict[str, UUID]:
    async with pool.connection() as conn:
        rows = await (await conn.execute("select id, phone from contacts")).fetchall()
    return {row["phone"]: row["id"] for row in rows}


async def test_every_contact_is_texted_skipped_failed_or_still_to_come(pool: Pool) -> None:
    result = await result_of(pool, await a_run(pool))
    assert (result.total_contacts, result.sent_count, result.skipped_count, result.failed_count) == (
        8,
        1,
        3,
        2,
    )


async def test_errors_say_who_was_not_texted_and_why_without_their_numbers(pool: Pool) -> None:
    result = await result_of(pool, await a_run(pool))
    ids = await contact_ids(pool)
    assert result.errors == [
        f"Contact {ids[REFUSED]}: the text was taken for spam",
        f"Contact {ids[UNKNOWN]}: nobody knows whether the carrier took the text",
        f"Contact {ids[LANDLINE]}: the line takes no texts",
        f"Contact {ids[NAMELESS]}: lacks a field that the text names",
    ]


async def test_the_result_has_the_names_of_the_seed(pool: Pool) -> None:
    written = (await result_of(pool, await a_run(pool))).model_dump(mode="json", by_alias=True)
    assert list(written) == [
        "campaignId",
        "totalContacts",
        "sentCount",
        "skippedCount",
        "failedCount",
        "errors",
    ]


@pytest.mark.parametrize("fallback", ["landline", "unreached", "always"])
async def test_who_is_called_instead_was_skipped_and_who_is_called_after_a_refusal_failed(
    pool: Pool, fallback: str
) -> None:
    result = await result_of(pool, await a_run(pool, fallback=fallback))
    assert (result.total_contacts, result.sent_count, result.skipped_count, result.failed_count) == (
        8,
        1,
        3,
        2,
    )
    ids = await contact_ids(pool)
    assert f"Contact {ids[REFUSED]}: the text was taken for spam" in result.errors
    assert not any(str(ids[LANDLINE]) in error for error in result.errors)
