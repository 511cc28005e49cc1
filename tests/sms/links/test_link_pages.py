"""A short link leads where its text said, or nowhere; who followed it is counted once, whatever happens."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from outdial.domain.errors import InvalidInput
from outdial.domain.sms.link_codes import SAMPLE_CODE, code_of
from outdial.domain.sms.links import find_links
from outdial.sms.link_pages import link_routes
from outdial.standalone.postgres import PostgresServer
from outdial.storage.pool import Pool
from tests.sms.links.away import database_away
from tests.sms.links.conftest import BROWSER, Door
from tests.sms.links.sent_texts import KEPT, NOW, SECRET, a_text, visits_in

URL = "https://example.com/give?to=12&x=a%20b#part"
PREVIEW = "WhatsApp/2.23.20.0 A"


async def test_a_link_leads_where_its_text_said(pool: Pool, door: Door, campaign_id: UUID):
    first, second = await a_text(pool, campaign_id, [URL, "http://example.org"])

    answer, body = await door.ask(f"/{code_of(first, SECRET)}")

    assert answer.status == 302
    assert answer.headers["Location"] == URL
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    assert body == ""
    assert await door.follow(second) == "http://example.org"
    assert await door.follow(first, "HEAD") == URL


async def test_a_link_to_another_script_leads_there(pool: Pool, door: Door, campaign_id: UUID):
    [found] = find_links("https://קמפיין.ישראל/תרומה")
    [link_id] = await a_text(pool, campaign_id, [found.url])

    assert await door.follow(link_id) == "https://xn--eebangwq.xn--4dbrk0ce/%D7%AA%D7%A8%D7%95%D7%9E%D7%94"


async def test_nothing_of_a_request_changes_where_a_link_leads(pool: Pool, door: Door, campaign_id: UUID):
    [link_id] = await a_text(pool, campaign_id, [URL])
    code = code_of(link_id, SECRET)

    answers = [
        await door.ask(f"/{code}?url=https://evil.example&next=//evil.example"),
        await door.ask(f"/{code}", X_Forwarded_Host="evil.example", X_Original_URL="//evil.example"),
        await door.ask(f"/{code}", Host="evil.example", Referer="https://evil.example"),
    ]

    assert [answer.headers["Location"] for answer, _body in answers] == [URL] * 3


@pytest.mark.parametrize(
    "path",
    [b"//evil.example", b"/https://evil.example", b"/%2F%2Fevil.example", b"/..%2f", b"/\xff", b"/%00"],
)
async def test_a_path_that_is_no_code_leads_nowhere(door: Door, path: bytes):
    answer = await door.send(b"GET %s HTTP/1.1\r\nHost: l.example.org\r\nConnection: close\r\n\r\n" % path)

    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"location" not in answer.lower()


async def test_a_code_that_is_not_ours_is_not_looked_up(pool: Pool, door: Door, campaign_id: UUID):
    [link_id] = await a_text(pool, campaign_id, [URL])
    code = code_of(link_id, SECRET)
    made_up = [
        SAMPLE_CODE,
        code[:-1],
        code.swapcase(),
        code_of(link_id, b"a secret of others"),
        "favicon.ico",
    ]
    await pool.close()

    answers = [await door.ask(f"/{each}") for each in made_up]

    assert [answer.status for answer, _body in answers] == [404] * len(made_up)
    assert (await door.ask(f"/{code}"))[0].status == 503


async def test_a_link_ends_with_its_time_and_says_so_on_a_plain_page(
    pool: Pool, door: Door, campaign_id: UUID
):
    [link_id] = await a_text(pool, campaign_id, [URL])
    door.now = NOW + KEPT - timedelta(seconds=1)
    assert await door.follow(link_id) == URL
    door.now = NOW + KEPT

    answer, body = await door.ask(f"/{code_of(link_id, SECRET)}")

    assert answer.status == 410
    assert "Location" not in answer.headers
    assert "This link has expired." in body
    assert "example.com" not in body
    assert "http" not in body
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_link_whose_text_was_erased_is_gone(pool: Pool, door: Door, campaign_id: UUID):
    [link_id] = await a_text(pool, campaign_id, [URL])
    async with pool.connection() as conn:
        await conn.execute("delete from sms_records")

    assert (await door.ask(f"/{code_of(link_id, SECRET)}"))[0].status == 410


@pytest.mark.parametrize(
    ("accepted", "language", "direction"),
    [
        ("he-IL,he;q=0.9,en;q=0.8", "he", "rtl"),
        ("ar", "ar", "rtl"),
        ("tlh, es-MX;q=0.5", "es", "ltr"),
        ("", "en", "ltr"),
        ("*;q=0.1, ;;,", "en", "ltr"),
    ],
)
async def test_a_page_speaks_the_language_of_the_browser(
    door: Door, accepted: str, language: str, direction: str
):
    answer, body = await door.ask(f"/{SAMPLE_CODE}", Accept_Language=accepted)

    assert f'<html lang="{language}" dir="{direction}">' in body
    assert answer.headers["Content-Language"] == language


async def test_what_a_telephone_takes_for_a_part_of_the_link_does_not_break_it(
    pool: Pool, door: Door, campaign_id: UUID
):
    [link_id] = await a_text(pool, campaign_id, [URL])
    code = code_of(link_id, SECRET)

    for behind in (".", ")", "!", "%E2%80%8F", "%D6%BE", "_"):
        assert (await door.ask(f"/{code}{behind}"))[0].headers["Location"] == URL
    assert (await door.ask(f"/{code}x"))[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_links_are_only_read(pool: Pool, door: Door, campaign_id: UUID, method: str):
    [link_id] = await a_text(pool, campaign_id, [URL])

    answer, _body = await door.ask(f"/{code_of(link_id, SECRET)}", method)

    assert answer.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}


async def test_other_pages_beside_the_links_are_served(door: Door):
    assert (await door.ask("/health"))[1] == "well"


async def test_visits_are_written_down_with_who_came(pool: Pool, door: Door, campaign_id: UUID):
    first, second = await a_text(pool, campaign_id, [URL, URL])

    await door.follow(first)
    door.now += timedelta(seconds=1)
    await door.follow(second, User_Agent=PREVIEW)
    door.now += timedelta(seconds=1)
    await door.follow(first, "HEAD")
    await door.visits.drain(10)

    assert await visits_in(pool) == [
        (first, "person", BROWSER),
        (second, "previewer", PREVIEW),
        (first, "bot", BROWSER),
    ]


async def test_an_agent_of_any_octets_and_length_is_written_down(pool: Pool, door: Door, campaign_id: UUID):
    [link_id] = await a_text(pool, campaign_id, [URL])

    agent = b"Mozilla/5.0 \xff " + b"x" * 5000
    path = code_of(link_id, SECRET).encode()
    await door.send(
        b"GET /%s HTTP/1.1\r\nHost: l\r\nUser-Agent: %s\r\nConnection: close\r\n\r\n" % (path, agent)
    )
    await door.visits.drain(10)

    assert await visits_in(pool) == [(link_id, "person", ("Mozilla/5.0 ? " + "x" * 5000)[:300])]


async def test_a_browser_that_asks_ahead_is_sent_away_so_that_the_click_is_seen(
    pool: Pool, door: Door, campaign_id: UUID
):
    [link_id] = await a_text(pool, campaign_id, [URL])

    ahead, _body = await door.ask(f"/{code_of(link_id, SECRET)}", Sec_Purpose="prefetch;prerender")
    door.now += timedelta(seconds=1)
    await door.follow(link_id)
    await door.visits.drain(10)

    assert ahead.status == 503
    assert "Location" not in ahead.headers
    assert [visitor for _link, visitor, _agent in await visits_in(pool)] == ["own_previewer", "person"]


async def test_while_the_database_is_away_people_are_asked_to_come_again(
    pool: Pool, door: Door, campaign_id: UUID, database_dsn: str, postgres_server: PostgresServer
):
    [link_id] = await a_text(pool, campaign_id, [URL])

    async with database_away(postgres_server, database_dsn):
        answer, body = await door.ask(f"/{code_of(link_id, SECRET)}")

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "10"
    assert "cannot be opened right now" in body


def test_routes_want_a_secret_nobody_guesses(pool: Pool):
    with pytest.raises(InvalidInput, match="LINKS_SECRET has 5 bytes"):
        link_routes(pool, b"short", lambda: NOW, lambda _visit: None)
