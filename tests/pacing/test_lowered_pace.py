"""A lowered pace is kept whichever clock gives the slots, from soon after it was lowered."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from outdial.domain.clock import utc_now
from outdial.pacing import slots
from outdial.pacing.requests import (
    ALL,
    ASK_AGAIN_AFTER_S,
    Limits,
    PaceRequest,
    Reserved,
    Slot,
    campaign_key,
    gaps_of,
    trunk_key,
)
from outdial.pacing.slots import Pace, open_pace
from outdial.storage.pace import hand_to_postgres, read_authority
from outdial.storage.pace_factors import PaceChange, write_pace_change
from outdial.storage.pool import Pool
from tests.pacing.starts import A_SECOND_US, most_in_a_second
from tests.rules.depth import tried

CPS = 50
CAMPAIGN = UUID(int=1)
FACTORS = st.floats(0.01, 1)

NOTICED_AFTER_S = 1.6
"""Half a second until every dialer has read it, and the second ahead for which slots may be given."""


@pytest.fixture
def given_us(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every start that is given, by the clock that gives it: late answers look too near each other."""
    seen: list[int] = []

    def remember(reserved: Reserved, epoch: int) -> list[Slot]:
        seen.extend(reserved.starts_us)
        return to_slots(reserved, epoch)

    to_slots = slots._to_slots
    monkeypatch.setattr(slots, "_to_slots", remember)
    return seen


async def _call_greedily(pace: Pace, request: PaceRequest, for_s: float) -> None:
    until = time.time() + for_s
    while time.time() < until:
        await pace.reserve(request)
        await asyncio.sleep(ASK_AGAIN_AFTER_S)


def _between(starts_us: list[int], from_s: float, to_s: float) -> list[int]:
    return [at for at in starts_us if from_s * A_SECOND_US <= at < to_s * A_SECOND_US]


@pytest.fixture(params=["redis", "postgres"])
async def clock_in_force(request: pytest.FixtureRequest, pool: Pool) -> str:
    """Each clock in turn."""
    if request.param == "postgres":
        async with pool.connection() as conn:
            await hand_to_postgres(conn, (await read_authority(conn)).epoch, 0)
    return request.param


async def _change(pool: Pool, key: str, before: float, after: float) -> None:
    async with pool.connection() as conn:
        change = PaceChange(utc_now(), key, before, after, "A test says so.", {})
        assert await write_pace_change(conn, change)


LOWERED = {
    "all": (ALL, None, None, CPS * 0.2),
    "campaign": (campaign_key(CAMPAIGN), 40, None, 40 * 0.2),
    "campaign without a CPS": (campaign_key(CAMPAIGN), None, None, CPS * 0.2),
    "trunk": (trunk_key("alpha"), None, 40, 40 * 0.2),
    "trunk without a CPS": (trunk_key("alpha"), None, None, CPS * 0.2),
}


@pytest.mark.usefixtures("clock_in_force")
@pytest.mark.parametrize("which", LOWERED)
async def test_a_lowered_factor_is_kept_on_both_clocks(
    redis_url: str, pool: Pool, given_us: list[int], which: str
):
    key, campaign_cps, trunk_cps, lowered_cps = LOWERED[which]
    request = PaceRequest("alpha", CAMPAIGN, campaign_cps, 5, trunk_cps)
    async with open_pace(redis_url, pool, Limits(CPS)) as pace, asyncio.TaskGroup() as group:
        ends_s = time.time() + 8
        group.create_task(_call_greedily(pace, request, for_s=8))
        await asyncio.sleep(1.2)
        assert pace.factor_of(key) == 1
        await _change(pool, key, 1, 0.2)
        lowered_s = time.time() + NOTICED_AFTER_S
        await asyncio.sleep(NOTICED_AFTER_S + 2)
        assert pace.factor_of(key) == 0.2
        await _change(pool, key, 0.2, 1)
        raised_s = time.time()
    lowered = _between(given_us, lowered_s, raised_s)
    assert 0.7 * lowered_cps <= most_in_a_second(lowered) <= lowered_cps
    after = _between(given_us, raised_s + NOTICED_AFTER_S, ends_s)
    assert most_in_a_second(after) > 2 * lowered_cps
    assert most_in_a_second(given_us) <= CPS


@tried(300)
@given(FACTORS, FACTORS, FACTORS, st.none() | st.floats(0.5, 100), st.none() | st.floats(0.5, 100))
def test_every_gap_is_as_much_wider_as_the_factor_is_lower(
    of_all: float,
    of_campaign: float,
    of_trunk: float,
    campaign_cps: float | None,
    trunk_cps: float | None,
):
    factors = {ALL: of_all, campaign_key(CAMPAIGN): of_campaign, trunk_key("alpha"): of_trunk}
    request = PaceRequest("alpha", CAMPAIGN, campaign_cps, 1, trunk_cps)
    own = {ALL: CPS, campaign_key(CAMPAIGN): campaign_cps, trunk_key("alpha"): trunk_cps}
    gaps = {gap.key: gap.gap_us for gap in gaps_of(request, Limits(CPS), factors)}
    assert gaps.keys() == factors.keys()
    for key, gap_us in gaps.items():
        assert gap_us >= A_SECOND_US / ((own[key] or CPS) * factors[key])


async def test_a_table_that_cannot_be_read_raises_no_pace(redis_url: str, pool: Pool):
    await _change(pool, ALL, 1, 0.2)
    async with open_pace(redis_url, pool, Limits(CPS)) as pace:
        await pace.reserve(PaceRequest("alpha", CAMPAIGN, None, 1))
        async with pool.connection() as conn:
            await conn.execute("alter table pace_factors rename to pace_factors_away")
        await asyncio.sleep(0.6)
        with pytest.raises(Exception, match="gave no pace"):
            await pace.reserve(PaceRequest("alpha", CAMPAIGN, None, 1))
        assert pace.factor_of(ALL) == 0.2
