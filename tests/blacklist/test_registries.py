"""Registries: whole copies, their dates, for whom they hold, and what half a copy changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pytest

from outdial.attempts.begin import begin_attempt
from outdial.attempts.release import Released
from outdial.blacklist.registries import RegistryCopy, import_registry, registry_problems
from outdial.domain.campaign import RequiredRegistry
from outdial.domain.errors import InvalidInput
from outdial.domain.permission import Refusal
from outdial.storage.pool import Pool
from outdial.storage.registries import hold_import, read_registries
from outdial.storage.staged_listings import StagedListing, Unsaid
from tests import given
from tests.attempts.steps import a_permit, claimed
from tests.blacklist.standing import NOON, rows, standing
from tests.invariants import assert_invariants

UNSAID = Unsaid("on the register", "register.csv", "ops")
TODAY = NOON.date()
US_DNC = RequiredRegistry(name="us-dnc", max_age_days=31)
ONE, TWO, THREE = given.phones(3)


def a_copy(as_of: date, name: str = "us-dnc") -> RegistryCopy:
    return RegistryCopy(name, as_of, UNSAID)


def a_file(*numbers: str) -> list[list[StagedListing]]:
    return [[StagedListing(number) for number in numbers]]


async def our_copy(pool: Pool) -> tuple[date | None, int]:
    async with pool.connection() as conn:
        ours = (await read_registries(conn))["us-dnc"]
    return ours.as_of, ours.numbers


async def problems(pool: Pool, *required: RequiredRegistry) -> list[str]:
    async with pool.connection() as conn:
        return await registry_problems(conn, required, NOON)


async def test_a_registry_holds_only_for_campaigns_that_require_it(pool: Pool, database_dsn: str):
    required = [{"name": "us-dnc", "maxAgeDays": 31}]
    await given.a_running_campaign(pool, NOON, [ONE, TWO], name="One", registries=required)
    await given.a_running_campaign(pool, NOON, [ONE, TWO], name="Two")
    changes = await import_registry(pool, a_file(ONE, THREE), a_copy(TODAY), NOON)
    assert (changes.listed, changes.swept.marked) == (2, 1)
    stand, called = ("pending", "ready"), ("blacklisted", None)
    assert await standing(pool) == [called, stand, stand, stand]
    await assert_invariants(database_dsn)


async def test_whom_the_next_copy_lacks_is_unlisted_and_comes_back(pool: Pool):
    await given.a_running_campaign(pool, NOON, [ONE, TWO], registries=["us-dnc"])
    await import_registry(pool, a_file(ONE, THREE), a_copy(TODAY - timedelta(days=2)), NOON)
    changes = await import_registry(pool, a_file(TWO, THREE), a_copy(TODAY), NOON)
    assert (changes.listed, changes.unlisted, changes.unchanged) == (1, 1, 1)
    assert await standing(pool) == [("pending", "ready"), ("blacklisted", None)]
    assert await our_copy(pool) == (TODAY, 2)


async def test_an_older_copy_is_refused_and_the_same_one_changes_nothing(pool: Pool):
    await import_registry(pool, a_file(ONE), a_copy(TODAY), NOON)
    with pytest.raises(InvalidInput, match="is older than ours of us-dnc"):
        await import_registry(pool, a_file(TWO), a_copy(TODAY - timedelta(days=1)), NOON)
    changes = await import_registry(pool, a_file(ONE), a_copy(TODAY), NOON)
    assert (changes.listed, changes.renewed, changes.unlisted) == (0, 0, 0)
    assert len(await rows(pool, "select * from blacklist_history")) == 1


async def test_a_copy_that_breaks_off_changes_nothing_and_one_that_is_cut_short_is_refused(pool: Pool):
    await import_registry(pool, a_file(ONE, TWO, THREE), a_copy(TODAY - timedelta(days=1)), NOON)

    def broken() -> Iterator[Sequence[StagedListing]]:
        yield [StagedListing("+12025559999")]
        raise InvalidInput("list.csv row 2: a quote is opened and not closed")

    for batches, complaint in (
        (broken(), "row 2"),
        (a_file(), "holds no numbers"),
        (a_file(ONE), "cut short"),
    ):
        with pytest.raises(InvalidInput, match=complaint):
            await import_registry(pool, batches, a_copy(TODAY), NOON)
        assert await our_copy(pool) == (TODAY - timedelta(days=1), 3)
        assert len(await rows(pool, "select * from blacklist")) == 3


async def test_a_copy_that_was_half_applied_keeps_its_old_date_and_is_finished_by_running_it_again(
    pool: Pool,
):
    yesterday = TODAY - timedelta(days=1)
    await import_registry(pool, a_file(ONE, TWO), a_copy(yesterday), NOON)

    class Killed(Exception):
        pass

    def die(_changes: object, _share: float) -> None:
        raise Killed

    with pytest.raises(Killed):
        await import_registry(
            pool, a_file(TWO, THREE), RegistryCopy("us-dnc", TODAY, UNSAID, on_progress=die), NOON
        )
    # Too much is listed and nothing too little, and the date says that the copy is not in.
    assert [row["number"] for row in await rows(pool, "select number from blacklist order by number")] == [
        ONE,
        TWO,
        THREE,
    ]
    assert (await our_copy(pool))[0] == yesterday
    await import_registry(pool, a_file(TWO, THREE), a_copy(TODAY), NOON)
    assert await our_copy(pool) == (TODAY, 2)


async def test_one_import_of_a_registry_at_a_time(pool: Pool):
    async with pool.connection() as conn, hold_import(conn, "us-dnc") as held:
        assert held
        with pytest.raises(InvalidInput, match="another import of registry us-dnc is going on"):
            await import_registry(pool, a_file(ONE), a_copy(TODAY), NOON)
    await import_registry(pool, a_file(ONE), a_copy(TODAY), NOON)


async def test_a_campaign_is_told_which_copy_is_missing_or_too_old_and_what_mends_it(pool: Pool):
    (missing,) = await problems(pool, US_DNC)
    assert "there is no copy of us-dnc (the limit is 31 days)" in missing
    assert "`outdial blacklist import FILE --registry us-dnc --as-of DATE`" in missing
    await import_registry(pool, a_file(ONE), a_copy(TODAY - timedelta(days=31)), NOON)
    assert await problems(pool, US_DNC) == []
    (too_old,) = await problems(pool, RequiredRegistry(name="us-dnc", max_age_days=15))
    assert "is 31 days old, of 2026-05-15; the limit is 15 days" in too_old


async def test_no_attempt_begins_on_a_copy_that_has_grown_too_old(pool: Pool):
    await import_registry(pool, a_file(THREE), a_copy(TODAY - timedelta(days=32)), NOON)
    campaign = await given.a_running_campaign(pool, NOON, [ONE], registries=["us-dnc"])
    (task,) = await claimed(pool, campaign)
    answer = await begin_attempt(pool, task, await a_permit(pool), NOON)
    assert isinstance(answer, Released)
    assert answer.reason is Refusal.REGISTRY_STALE
    await import_registry(pool, a_file(THREE), a_copy(TODAY), NOON)
    assert await problems(pool, US_DNC) == []
