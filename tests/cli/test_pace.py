"""`outdial pace`: what is lowered and why; an operator's own limit; and what explain and doctor say of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outdial.cli.main import run
from outdial.domain.clock import utc_now
from outdial.storage.campaigns import Campaign
from outdial.storage.pace_factors import PaceChange, PaceWatch, write_pace_change, write_pace_watch
from outdial.storage.pool import Pool
from tests import given
from tests.cli.conftest import Arrange, Command

BUSY = "The telephony host's CPU is 86% busy, more than 80%."


async def _lower(pool: Pool, key: str, after: float, reason: str = BUSY) -> None:
    async with pool.connection() as conn:
        change = PaceChange(utc_now(), key, 1, after, reason, {"cpuShare": 0.86})
        assert await write_pace_change(conn, change)


async def _watch(pool: Pool, ago: timedelta = timedelta(), **changes: Any) -> None:
    seen = {"cpu_share": 0.86, "cpu_read_at": utc_now() - ago, "ping_s": 0.004, "problems": []} | changes
    async with pool.connection() as conn:
        await write_pace_watch(conn, PaceWatch(utc_now() - ago, **seen))


async def _campaign(pool: Pool) -> Campaign:
    now = utc_now()
    campaign = await given.a_running_campaign(pool, now, given.phones(2), trunks=["alpha", "beta"])
    await given.a_dialer(pool, now)
    return campaign


def test_a_whole_pace_is_said_to_be_whole(outdial: Command, capfd: pytest.CaptureFixture[str]) -> None:
    assert outdial("pace")[1] == {"maxCps": 100, "lowered": [], "watch": None, "changes": []}
    assert run(["pace"]) == 0
    said = capfd.readouterr().out
    assert "Every pace is whole: up to 100 calls a second" in said
    assert "No dialer judges the pace: it stays as it is. Is a dialer running?" in said


def test_what_is_lowered_is_shown_with_its_reason_and_figures(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    async def work(pool: Pool) -> None:
        await _lower(pool, "all", 0.5)
        await _watch(pool)

    arrange(work)
    _, answer, _ = outdial("pace")
    (lowered,), (change,) = answer["lowered"], answer["changes"]
    assert (lowered["key"], lowered["factor"], lowered["reason"]) == ("all", 0.5, BUSY)
    assert (change["before"], change["after"], change["figures"]) == (1, 0.5, {"cpuShare": 0.86})
    assert answer["watch"]["cpuShare"] == 0.86
    assert run(["pace"]) == 0
    said = " ".join(capfd.readouterr().out.split())
    assert "all 50% (50 of 100 calls a second) since" in said
    assert "The telephony host's CPU: 86% busy. Asterisk's answers: 4 ms." in said
    assert f"all 100% → 50%: {BUSY}" in said


def test_figures_that_cannot_be_had_and_a_controller_that_is_gone_are_said(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
) -> None:
    problem = "TELEPHONY_METRICS_URL: http://pbx:9100/metrics does not answer (refused)."
    arrange(lambda pool: _watch(pool, cpu_share=None, problems=[problem]))
    assert run(["pace"]) == 0
    said = " ".join(capfd.readouterr().out.split())
    assert f"! {problem} Nothing rises without it. Last known" in said
    arrange(lambda pool: _watch(pool, ago=timedelta(minutes=2)))
    assert run(["pace"]) == 0
    assert "No dialer judges the pace since" in capfd.readouterr().out


def test_an_operator_holds_a_pace_and_releases_it_and_both_are_written_down(
    outdial: Command, arrange: Arrange
) -> None:
    arrange(lambda pool: _discard(_campaign(pool)))
    held = outdial(
        "pace", "hold", "campaign:spring_appeal", "0.25", "--because", "complaints", "--by", "dana"
    )
    assert (held[0], held[1]["factor"], held[1]["by"]) == (0, 0.25, "dana")
    _, answer, _ = outdial("pace")
    (one,) = answer["lowered"]
    assert (one["name"], one["held"], one["heldBy"], one["heldBecause"]) == (
        "campaign:spring_appeal",
        0.25,
        "dana",
        "complaints",
    )
    _, released, _ = outdial("pace", "release", "campaign:spring_appeal", "--by", "lee")
    assert (released["before"], released["after"]) == (0.25, 1)
    _, answer, _ = outdial("pace")
    assert answer["lowered"] == []
    assert [(one["after"], one["changedBy"]) for one in answer["changes"]] == [(1, "lee"), (0.25, "dana")]


async def _discard(work: Any) -> None:
    await work


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("hold", "all", "0", "--because", "x"), "FACTOR: must be at least 0.001 and below 1 (given: 0)"),
        (("hold", "all", "1", "--because", "x"), "`outdial pace release` takes a limit away"),
        (("hold", "all", "nan", "--because", "x"), "FACTOR: must be"),
        (("hold", "all", "0.5", "--because", " "), "--because: say why"),
        (("hold", "trunks", "0.5", "--because", "x"), "write all, trunk:NAME or campaign:ID"),
        (("hold", "trunk:", "0.5", "--because", "x"), "write all, trunk:NAME or campaign:ID"),
        (("hold", "campaign:none", "0.5", "--because", "x"), "none"),
        (("release", "all"), "nobody holds all"),
    ],
)
def test_what_cannot_be_held_or_released_is_said_in_a_sentence(
    outdial: Command, args: tuple[str, ...], says: str
) -> None:
    code, answer, said = outdial("pace", *args)
    assert code == 1
    assert says in said
    assert answer["errors"]


def test_explain_says_that_calls_go_slowly_and_why(outdial: Command, arrange: Arrange) -> None:
    async def work(pool: Pool) -> None:
        campaign = await _campaign(pool)
        await _lower(pool, "all", 0.5)
        await _lower(pool, f"campaign:{campaign.id}", 0.25, "People answered 3 of 20 calls.")
        await _lower(pool, "trunk:beta", 0.05, "20 of 20 calls over beta met congestion.")
        await _lower(pool, "trunk:gamma", 0.05)

    arrange(work)
    outdial("pace", "hold", "trunk:alpha", "0.5", "--because", "maintenance", "--by", "dana")
    _, answer, _ = outdial("campaign", "explain", "spring_appeal")
    slow = [one for one in answer["findings"] if one["about"] == "pace"]
    assert [(one["state"], one["text"]) for one in slow] == [
        ("waits", "All calls go at 50% of their pace: The telephony host's CPU is 86% busy, more than 80%."),
        ("waits", "The campaign's calls go at 25% of their pace: People answered 3 of 20 calls."),
        ("waits", "Calls over alpha go at 50% of their pace: Held by dana: maintenance."),
        ("waits", "Calls over beta go at 5% of their pace: 20 of 20 calls over beta met congestion."),
    ]
    assert slow[0]["action"] == "see `outdial pace`"
    assert slow[2]["action"] == "`outdial pace release trunk:alpha`"
    assert slow[0]["since"]


def test_the_doctor_names_what_is_lowered(outdial: Command, arrange: Arrange) -> None:
    def pace_of(answer: dict[str, Any]) -> dict[str, Any]:
        return next(one for one in answer["checks"] if one["name"] == "pace")

    assert pace_of(outdial("doctor")[1])["well"] is True
    assert "TELEPHONY_METRICS_URL is not set" in pace_of(outdial("doctor")[1])["found"]
    outdial("pace", "hold", "trunk:alpha", "0.5", "--because", "maintenance", "--by", "dana")
    held = pace_of(outdial("doctor")[1])
    assert (held["well"], held["found"].split(";")[0]) == (
        True,
        "trunk:alpha at 50% (Held by dana: maintenance)",
    )
    arrange(lambda pool: _lower(pool, "all", 0.25))
    lowered = pace_of(outdial("doctor")[1])
    assert lowered["well"] is False
    assert lowered["found"].startswith(f"all at 25% ({BUSY.rstrip('.')})")
