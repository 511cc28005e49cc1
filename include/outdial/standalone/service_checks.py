"""The doctor's look at everything the settings name: database, Redis, queues, Asterisk, Airflow, clocks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg

from outdial.domain.clock import Clock
from outdial.domain.errors import Broken, OutdialError, Unavailable
from outdial.domain.ivr.speech import Speech
from outdial.domain.voices import Voice
from outdial.messaging.aws_clients import answered_in_time, open_client
from outdial.settings import Settings
from outdial.speech.speaker import open_speaker
from outdial.speech.wav import seconds_of
from outdial.standalone.airflow import airflow_health
from outdial.standalone.findings import Check, Finding
from outdial.standalone.pace_check import check_pace
from outdial.standalone.valkey import redis_answers
from outdial.storage.migrate import missing_migrations

_OLDEST_POSTGRES = 16
_CLOCKS_MAY_DIFFER = timedelta(seconds=1)
_START = "`outdial standalone start` runs everything on this machine"


def service_checks(settings: Settings, clock: Clock) -> list[Check]:
    """Checks that ask other processes."""
    doctor = _Services(settings, clock)
    return [
        Check("settings", doctor.settings_given, f"Set them, or start a stack: {_START}."),
        Check("PostgreSQL", doctor.postgres, f"Check DB_HOST, DB_PORT, DB_USER and DB_PASSWORD; {_START}."),
        Check("schema", doctor.schema, "Get PostgreSQL to answer first."),
        Check("clock", doctor.clocks, "Get PostgreSQL to answer first."),
        Check("Redis", doctor.redis, f"Check REDIS_URL; {_START}."),
        Check("dial tasks", doctor.dial_tasks, f"Check DIAL_TASKS_QUEUE_URL and AWS credentials; {_START}."),
        Check("dead letters", doctor.dead_letters, f"Check DIAL_TASKS_DLQ_URL; {_START}."),
        Check("Asterisk", doctor.asterisk, f"Check AMI_HOST, AMI_PORT, AMI_USER and AMI_SECRET; {_START}."),
        Check("speech", doctor.speech, "Check SPEECH_ENGINE, and for polly AWS_REGION and credentials."),
        Check("pace", doctor.pace, "Get PostgreSQL and its schema right first."),
        Check("Airflow", doctor.airflow, f"Check AIRFLOW_URL; {_START}."),
    ]


class _Services:
    """One look at each service, by the same settings."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def settings_given(self) -> Finding:
        wanted = ("db_password", "dial_tasks_queue_url", "dial_tasks_dlq_url", "ami_secret", "airflow_url")
        missing = [name.upper() for name in wanted if name not in self._settings.model_fields_set]
        if missing:
            raise Unavailable(f"{', '.join(missing)} not set")
        return Finding("settings", f"{len(self._settings.model_fields_set)} given")

    async def postgres(self) -> Finding:
        async with await _connect(self._settings) as conn:
            major = conn.info.server_version // 10_000
        fix = "" if major >= _OLDEST_POSTGRES else f"Upgrade it to {_OLDEST_POSTGRES} or later."
        return Finding("PostgreSQL", f"version {major} at {self._settings.db_host}", fix)

    async def schema(self) -> Finding:
        await (await _connect(self._settings)).close()
        try:
            missing = await missing_migrations(self._settings.database_dsn)
        except Broken as error:
            return Finding("schema", str(error), "Install the version of Outdial that made this database.")
        if missing:
            return Finding("schema", f"lacks {', '.join(missing)}", "Start the stack again: it migrates.")
        return Finding("schema", "current")

    async def clocks(self) -> Finding:
        async with await _connect(self._settings) as conn:
            asked_at = self._clock()
            row = await (await conn.execute("select clock_timestamp()")).fetchone()
            answered_at = self._clock()
        if row is None:
            raise Broken("PostgreSQL did not say what time it is.")
        difference = abs(row[0] - (asked_at + (answered_at - asked_at) / 2))
        fix = "" if difference <= _CLOCKS_MAY_DIFFER else "Synchronise both machines' clocks (NTP)."
        return Finding("clock", f"{difference.total_seconds():.3f} s from the database's", fix)

    async def redis(self) -> Finding:
        if not await redis_answers(self._settings.redis_url):
            raise Unavailable("does not answer or refuses the password")
        return Finding("Redis", "answers")

    async def dial_tasks(self) -> Finding:
        return Finding("dial tasks", await self._queue_depth(self._settings.dial_tasks_queue_url))

    async def dead_letters(self) -> Finding:
        return Finding("dead letters", await self._queue_depth(self._settings.dial_tasks_dlq_url))

    async def _queue_depth(self, url: str) -> str:
        if not url:
            raise Unavailable("no queue is named")
        attribute = "ApproximateNumberOfMessages"
        async with (
            open_client("sqs", self._settings.aws_region, self._settings.aws_endpoint_url) as sqs,
            answered_in_time("SQS"),
        ):
            answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
        return f"{answer['Attributes'][attribute]} waiting"

    async def asterisk(self) -> Finding:
        banner = await _log_in_to_manager(self._settings)
        return Finding("Asterisk", f"{banner} let us in")

    async def speech(self) -> Finding:
        config = replace(self._settings.speech, storage_url="")
        async with open_speaker(config) as speaker:
            wav = await speaker.say(Speech("All is well.", Voice()))
        return Finding("speech", f"{config.engine} said {seconds_of(wav):.1f} s of English")

    async def pace(self) -> Finding:
        return await check_pace(self._settings, self._clock())

    async def airflow(self) -> Finding:
        health = await airflow_health(self._settings.airflow_url) if self._settings.airflow_url else {}
        if not health:
            raise Unavailable("the API server does not answer")
        ill = [name for name, state in health.items() if state.get("status") != "healthy"]
        if ill:
            raise Unavailable(f"{', '.join(ill)} not healthy")
        return Finding("Airflow", f"{', '.join(health)} healthy")


async def _connect(settings: Settings) -> psycopg.AsyncConnection:
    try:
        return await psycopg.AsyncConnection.connect(settings.database_dsn, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise Unavailable(str(error)) from None


async def _log_in_to_manager(settings: Settings) -> str:
    """Log in and out again; returns Asterisk's greeting."""
    reader, writer = await asyncio.open_connection(settings.ami_host, settings.ami_port)
    try:
        greeting = (await reader.readline()).decode(errors="replace").strip()
        secret = settings.ami_secret.get_secret_value()
        login = f"Action: Login\r\nUsername: {settings.ami_user}\r\nSecret: {secret}\r\nEvents: off\r\n\r\n"
        writer.write(login.encode())
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
    except asyncio.IncompleteReadError:
        raise Unavailable("the connection was closed during login") from None
    finally:
        writer.close()
    if not answer.startswith("Response: Success"):
        raise _Refusal(f"{greeting} refuses user {settings.ami_user}")
    return greeting


class _Refusal(OutdialError):
    """Reachable, but not for us."""
