"""Who is erased leaves nothing in texts and replies, and reports count as before."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from outdial.blacklist.erasing import erase_number
from outdial.domain.errors import InvalidInput
from outdial.domain.sms.delivery import IncomingText
from outdial.sms.inbox import open_inbox
from outdial.sms.replies import Outside
from outdial.storage.pool import Pool
from tests import given
from tests.blacklist.standing import rows
from tests.sms.inbox.texts import ADA, NOON, US, a_receipt, a_text, nothing_follows

EVERY_TABLE = "select table_name from information_schema.tables where table_schema = 'public'"
UNDER_WAY = """
    insert into live_texts (contact_id, record_id, campaign_id, area_id, bucket, seq, phone, begun_at)
    select c.id, t.id, c.campaign_id, c.area_id, 24, c.seq, c.phone, now() from contacts c, sms_records t
    returning contact_id
"""


async def traces(pool: Pool, text: str) -> list[str]:
    """Tables in which `text` stands anywhere."""
    found: list[str] = []
    for row in await rows(pool, EVERY_TABLE):
        table = row["table_name"]
        (hits,) = await rows(pool, f"select count(*) as n from {table} t where strpos(t::text, %s) > 0", text)
        found += [table] * bool(hits["n"])
    return found


async def a_text_with_everything(pool: Pool) -> None:
    """A text with a link that was followed, receipts, and replies of every kind."""
    await given.a_running_campaign(pool, NOON, [ADA])
    (contact,) = await rows(pool, "select id, campaign_id from contacts")
    text = await a_text(
        pool, ["1"], origin="campaign", contact_id=contact["id"], campaign_id=contact["campaign_id"]
    )
    async with pool.connection() as conn:
        await conn.execute("update sms_records set body = 'Hello Secretname'")
        await conn.execute(
            "insert into sms_links (id, record_id, position, url, expires_at) "
            "values (1, %s, 0, 'https://give.example/Secretname', now())",
            [text],
        )
        await conn.execute(
            "insert into sms_link_visits select (jsonb_populate_record(null::sms_link_visits, %s)).*",
            [
                Jsonb({
                    "id": str(text),
                    "link_id": 1,
                    "at": str(NOON),
                    "visitor": "person",
                    "agent": "Secretname",
                })
            ],
        )
    async with open_inbox(Outside(pool), lambda: NOON, nothing_follows) as inbox:
        await inbox.take_receipts([a_receipt("1", said="text:Hello Secretname")])
        for body in ("HELP", "Secretname says no, not interested", "STOP", "thanks, Secretname"):
            await inbox.take_reply(IncomingText("smpp", "", ADA, US, body, NOON))


async def test_nothing_in_texts_links_and_replies_names_an_erased_person(pool: Pool):
    await a_text_with_everything(pool)
    assert {"sms_records", "sms_links", "sms_link_visits", "sms_receipts", "sms_replies"} <= set(
        await traces(pool, "Secretname")
    )
    erased = await erase_number(pool, ADA, "dpo", NOON)
    assert (erased.texts, erased.replies) == (1, 4)
    for secret in (ADA, ADA.removeprefix("+"), "Secretname"):
        assert await traces(pool, secret) == []
    assert (
        await rows(pool, "select 1 from sms_replies where meaning = 'unclear' and settled_at is null") == []
    )


async def test_what_reports_count_of_texts_is_the_same_after_an_erasure(pool: Pool):
    counts = (
        "select state, parts, count(*) as n from sms_records where state <> 'queued' group by state, parts",
        "select meaning, count(*) as n from sms_replies group by meaning order by meaning",
        "select visitor, count(*) as n from sms_link_visits group by visitor",
    )
    await a_text_with_everything(pool)
    before = [await rows(pool, count) for count in counts]
    await erase_number(pool, ADA, "dpo", NOON)
    assert [await rows(pool, count) for count in counts] == before


async def test_an_answer_that_no_gateway_has_begun_is_not_sent_to_who_is_erased(pool: Pool):
    await a_text_with_everything(pool)
    assert len(await rows(pool, "select 1 from sms_records where state = 'queued'")) == 2
    await erase_number(pool, ADA, "dpo", NOON)
    assert await rows(pool, "select 1 from sms_records where state = 'queued'") == []


@pytest.mark.parametrize("under_way", [UNDER_WAY, "update sms_records set state = 'submitting' returning id"])
async def test_a_number_is_not_erased_while_a_text_to_it_is_under_way(pool: Pool, under_way: str):
    await given.a_running_campaign(pool, NOON, [ADA])
    await a_text(pool, ["1"])
    await rows(pool, under_way)
    with pytest.raises(InvalidInput, match="is under way"):
        await erase_number(pool, ADA, "dpo", NOON)
    assert "sms_records" in await traces(pool, ADA)
    await rows(pool, "delete from live_texts returning 1")
    await rows(pool, "update sms_records set state = 'sent' returning 1")
    await erase_number(pool, ADA, "dpo", NOON)
    assert await traces(pool, ADA) == []


async def test_what_an_erased_person_writes_later_leaves_no_trace(pool: Pool):
    await erase_number(pool, ADA, "dpo", NOON)
    async with open_inbox(Outside(pool), lambda: NOON, nothing_follows) as inbox:
        for body in ("STOP", "START", "Who are you?"):
            await inbox.take_reply(IncomingText("smpp", "", ADA, US, body, NOON))
    assert await traces(pool, ADA) == []
    assert await rows(pool, "select 1 from sms_records") == []
