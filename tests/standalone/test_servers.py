"""Each server is the real thing, reached as a client of it would."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from redis.asyncio import Redis

from outdial.messaging.aws_clients import open_client
from outdial.messaging.queue_address import QueueAddress
from outdial.standalone.child_environment import child_environment
from outdial.standalone.part import Part, PartFailed, start_part
from outdial.standalone.postgres import PostgresServer, can_connect, create_database, drop_database


async def test_postgres_is_recent_and_keeps_what_it_is_told(postgres_server: PostgresServer) -> None:
    await create_database(postgres_server, "keeps")
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn("keeps")) as conn:
        assert conn.info.server_version >= 160000
        await conn.execute("create table told (word text)")
        await conn.execute("insert into told values ('yes')")
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn("keeps")) as conn:
        assert await (await conn.execute("select word from told")).fetchall() == [("yes",)]
    await drop_database(postgres_server, "keeps")


async def test_postgres_lets_nobody_in_without_the_password(postgres_server: PostgresServer) -> None:
    assert await can_connect(postgres_server.dsn())
    assert not await can_connect(f"postgresql://outdial:wrong@127.0.0.1:{postgres_server.port}/postgres")


async def test_each_test_starts_with_an_empty_redis_that_runs_scripts(redis_url: str) -> None:
    async with Redis.from_url(redis_url, socket_timeout=5) as client:
        assert await client.dbsize() == 0
        assert await client.eval("return redis.call('incrby', KEYS[1], ARGV[1])", 1, "pace", 7) == 7


async def test_a_message_sent_to_the_dial_queue_is_received_from_it(dial_queue: QueueAddress) -> None:
    async with open_client("sqs", dial_queue.region, dial_queue.endpoint_url) as sqs:
        await sqs.send_message(QueueUrl=dial_queue.queue_url, MessageBody="call me")
        received = await sqs.receive_message(QueueUrl=dial_queue.queue_url)
    assert [message["Body"] for message in received["Messages"]] == ["call me"]


async def test_a_part_that_cannot_start_names_itself_and_its_log(tmp_path: Path) -> None:
    log = tmp_path / "speaker.log"
    command = ["python3", "-c", "import sys; sys.exit('no loudspeaker here')"]
    with pytest.raises(PartFailed) as raised:
        await start_part(Part("speaker", command, log, _never, environment=child_environment({})))
    assert "speaker stopped at once (exit code 1)" in str(raised.value)
    assert str(log) in str(raised.value)
    assert raised.value.tail == "no loudspeaker here"


async def test_a_part_that_never_answers_is_stopped_and_named(tmp_path: Path) -> None:
    part = Part("mute", ["sleep", "60"], tmp_path / "log", _never, ready_timeout_s=0.3)
    with pytest.raises(PartFailed, match="mute was not ready"):
        await start_part(part)


async def _never() -> bool:
    return False


@pytest.mark.parametrize("visit", ["first", "second"])
async def test_each_test_has_a_migrated_database_of_its_own(database_dsn: str, visit: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_dsn) as conn:
        assert await (await conn.execute("select to_regclass('guests')")).fetchall() == [(None,)]
        await conn.execute("create table guests ()")
        assert await (await conn.execute("select 1 from schema_migrations limit 1")).fetchall() == [(1,)]
