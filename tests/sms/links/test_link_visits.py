"""Visits are written once each, outlast a database that is away, and are counted text by text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from psycopg.errors import CheckViolation
from structlog.testing import capture_logs

from outdial.domain.sms.visitors import Visitor
from outdial.sms.link_visits import LinkVisits
from outdial.standalone.postgres import PostgresServer
from outdial.storage.links import LinkCounts, Visit, count_links, note_visits, take_link_ids
from outdial.storage.pool import Pool
from tests.sms.links.away import database_away
from tests.sms.links.sent_texts import NOW, a_text, visits_in

URL = "https://example.com/give"


def a_visit(link_id: int, visitor: Visitor = Visitor.PERSON, after_s: int = 0) -> Visit:
    """Somebody follows a link."""
    return Visit(uuid4(), link_id, NOW + timedelta(seconds=after_s), visitor, "agent")


@asynccontextmanager
async def written_by(visits: LinkVisits) -> AsyncGenerator[None]:
    """Visits are being written while the block runs."""
    writing = asyncio.create_task(visits.run())
    yield
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing


async def test_visits_wait_while_the_database_is_away_and_are_written_when_it_is_back(
    pool: Pool, campaign_id: UUID, database_dsn: str, postgres_server: PostgresServer
):
    [link_id] = await a_text(pool, campaign_id, [URL])
    visits = LinkVisits(pool)

    with capture_logs() as logs:
        async with written_by(visits):
            async with database_away(postgres_server, database_dsn):
                for second in range(1200):
                    visits.add(a_visit(link_id, after_s=second))
                await visits.drain(0.6)
            await visits.drain(30)

    assert [log["visits"] for log in logs if log["event"] == "visits to links left unwritten"] == [1200]
    assert len(await visits_in(pool)) == 1200


async def test_visits_beyond_those_that_may_wait_are_said_to_be_lost(pool: Pool, campaign_id: UUID):
    [link_id] = await a_text(pool, campaign_id, [URL])
    visits = LinkVisits(pool, most_waiting=3)

    with capture_logs() as logs:
        for second in range(5):
            visits.add(a_visit(link_id, after_s=second))
        async with written_by(visits):
            await visits.drain(30)
            visits.add(a_visit(link_id, after_s=5))
            await visits.drain(30)

    assert len(await visits_in(pool)) == 4
    assert [log["event"] for log in logs] == [
        "visits to links are being lost: too many wait for the database",
        "visits to links were lost",
    ]
    assert logs[1]["visits"] == 2


async def test_who_stops_is_told_what_is_left_unwritten(pool: Pool):
    visits = LinkVisits(pool)
    visits.add(a_visit(1))

    with capture_logs() as logs:
        await visits.drain(0)

    assert [(log["event"], log["visits"]) for log in logs] == [("visits to links left unwritten", 1)]


async def test_a_visit_that_is_noted_again_is_one(pool: Pool, campaign_id: UUID):
    [link_id] = await a_text(pool, campaign_id, [URL])
    visit = a_visit(link_id)

    async with pool.connection() as conn:
        await note_visits(conn, [visit])
        await note_visits(conn, [visit, a_visit(link_id, after_s=1)])

    assert len(await visits_in(pool)) == 2


async def test_a_link_that_was_erased_meanwhile_takes_no_other_visit_with_it(pool: Pool, campaign_id: UUID):
    [link_id] = await a_text(pool, campaign_id, [URL])

    async with pool.connection() as conn:
        await note_visits(conn, [a_visit(link_id + 1000), a_visit(link_id)])

    assert [link for link, _visitor, _agent in await visits_in(pool)] == [link_id]


async def test_ids_of_links_are_taken_once(pool: Pool):
    async def take() -> list[int]:
        async with pool.connection() as conn:
            return await take_link_ids(conn, 50)

    async with asyncio.TaskGroup() as group:
        taking = [group.create_task(take()) for _ in range(8)]

    assert len({link_id for task in taking for link_id in task.result()}) == 400


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//evil.example",
        "https://name@example.com/",
        "https:///path",
        "https://example.com/a\r\nSet-Cookie: a=b",
        "https://קמפיין.ישראל/",
        "ftp://example.com",
    ],
)
async def test_no_link_leads_where_a_browser_must_not_be_sent(pool: Pool, campaign_id: UUID, url: str):
    with pytest.raises(CheckViolation):
        await a_text(pool, campaign_id, [url])


async def test_texts_are_counted_once_each_by_the_best_that_is_known_of_them(pool: Pool, campaign_id: UUID):
    clicked, clicked_too = await a_text(pool, campaign_id, [URL, URL])
    [opened] = await a_text(pool, campaign_id, [URL], "delivered")
    [passed_on] = await a_text(pool, campaign_id, [URL], "unknown")
    [unseen] = await a_text(pool, campaign_id, [URL], "undelivered")
    [refused] = await a_text(pool, campaign_id, [URL], "refused")
    came = [
        a_visit(clicked),
        a_visit(clicked),
        a_visit(clicked_too),
        a_visit(clicked, Visitor.OWN_PREVIEWER),
        a_visit(opened, Visitor.OWN_PREVIEWER),
        a_visit(opened, Visitor.BOT),
        a_visit(passed_on, Visitor.PREVIEWER),
        a_visit(unseen, Visitor.BOT),
        a_visit(refused, Visitor.BOT),
    ]

    async with pool.connection() as conn:
        await note_visits(conn, came)
        counts = await count_links(conn, campaign_id)
        none = await count_links(conn, uuid4())

    assert counts == LinkCounts(
        texts=4, opened=2, clicked=1, by_people=3, by_own_previewers=2, by_previewers=1, by_bots=2
    )
    assert none == LinkCounts(0, 0, 0, 0, 0, 0, 0)
