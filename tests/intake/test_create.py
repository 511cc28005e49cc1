"""A campaign file is refused with one sentence for each field that is wrong, named by its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from outdial.campaigns.create import create_campaign, spec_problems
from outdial.domain.campaign import read_campaign as read_campaign_file
from outdial.domain.errors import InvalidInput
from outdial.storage.campaigns import list_campaigns, read_campaign
from outdial.storage.pool import Pool
from tests.given import ALWAYS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def written(config: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A campaign file with the given fields changed."""
    return {
        "name": "Spring appeal",
        "type": "voice",
        "timezone": "Asia/Jerusalem",
        "config": {"callingWindows": [ALWAYS]} | (config or {}),
    } | fields


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "draft"),
        ({"startTime": "2026-04-01T08:00:00+03:00"}, "scheduled"),
        ({"schedule": "0 9 * * 1-5"}, "scheduled"),
        ({"schedule": "@daily"}, "scheduled"),
    ],
)
async def test_a_campaign_with_a_time_is_scheduled_and_else_a_draft(
    pool: Pool, fields: dict[str, Any], status: str
) -> None:
    campaign_id = await create_campaign(pool, read_campaign_file(written(**fields)), NOW)
    async with pool.connection() as conn:
        assert (await read_campaign(conn, campaign_id)).status == status


async def test_a_name_used_before_gets_a_slug_of_its_own(pool: Pool) -> None:
    spec = read_campaign_file(written())
    ids = [await create_campaign(pool, spec, NOW) for _ in range(3)]
    async with pool.connection() as conn:
        slugs = [(await read_campaign(conn, campaign_id)).slug for campaign_id in ids]
    assert slugs == ["spring_appeal", "spring_appeal_2", "spring_appeal_3"]


@pytest.mark.parametrize(
    ("file", "named"),
    [
        (written(name=" "), "name: "),
        (written(type="fax"), "type: "),
        (written(timezone="Israel Time"), "timezone: "),
        (written(startTime="soon"), "startTime: "),
        (written(endTime="2026-04-01T08:00:00"), "endTime: "),
        (written(colour="red"), "colour: "),
        (written({"callingWindows": []}), "config.callingWindows: "),
        (written({"callingWindows": [ALWAYS | {"startHour": 25}]}), "config.callingWindows.0.startHour: "),
        (written({"maxConcurrentCalls": 0}), "config.maxConcurrentCalls: "),
        (written({"maxAttemptsPerContact": "many"}), "config.maxAttemptsPerContact: "),
        (written({"duplicates": "keep"}), "config.duplicates: "),
        (written({"callerIds": ["555"]}), "config.callerIds.0: "),
        (written({"retry": {"busy": {"delaySeconds": -1}}}), "config.retry.busy.delaySeconds: "),
        (
            written({"ivrFlow": {"nodes": [{"id": "a", "type": "sing"}], "startNodeId": "a"}}),
            "config.ivrFlow.nodes.0.type: ",
        ),
        (written({"defaultRegion": "UK"}), "config.defaultRegion: "),
        (written(schedule="every day"), "schedule: "),
        (written(schedule="0 0 9 * * 1"), "schedule: "),
        (written(schedule="0 0 31 2 *"), "schedule: "),
    ],
    ids=lambda value: value.strip(": ") if isinstance(value, str) else "",
)
def test_every_error_names_its_field(file: dict[str, Any], named: str) -> None:
    problems = refusals(file)
    assert problems
    assert [problem for problem in problems if not problem.startswith(named)] == []


def refusals(file: dict[str, Any]) -> Sequence[str]:
    """What is said of a file that is refused."""
    try:
        return spec_problems(read_campaign_file(file), NOW)
    except InvalidInput as refused:
        return refused.problems


@pytest.mark.parametrize("field", ["startTime", "endTime"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:00-05:00"])
def test_a_time_at_the_ends_of_the_calendar_is_refused(field: str, at: str) -> None:
    with pytest.raises(InvalidInput, match=f"{field}: write a year from 2000 to 2999"):
        read_campaign_file(written(**{field: at}))


async def test_what_is_refused_is_not_stored(pool: Pool) -> None:
    spec = read_campaign_file(written({"defaultRegion": "UK"}, schedule="every day"))
    with pytest.raises(InvalidInput) as raised:
        await create_campaign(pool, spec, NOW)
    assert [problem.split(":")[0] for problem in raised.value.problems] == [
        "schedule",
        "config.defaultRegion",
    ]
    async with pool.connection() as conn:
        assert await list_campaigns(conn) == []


def test_all_errors_come_at_once() -> None:
    with pytest.raises(InvalidInput) as raised:
        read_campaign_file(written({"maxConcurrentCalls": 0}, name="", type="fax"))
    assert [problem.split(":")[0] for problem in raised.value.problems] == [
        "name",
        "type",
        "config.maxConcurrentCalls",
    ]
