"""The telephony host's CPU, read from a real HTTP server that writes as a node_exporter does."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from hypothesis import given, strategies as st

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.pacing import host_cpu
from outdial.pacing.host_cpu import CpuTime, busy_share, open_host_cpu, read_cpu_time
from outdial.standalone.ports import choose_ports
from tests.pacing.exporter import MODES, Exporter
from tests.rules.depth import tried


async def test_the_busy_share_is_measured_between_readings(exporter: Exporter):
    async with open_host_cpu(exporter.url) as cpu:
        assert cpu
        await cpu.read()
        assert cpu.share is None
        exporter.work(busy=0.86)
        await cpu.read()
        assert cpu.share == pytest.approx(0.86, abs=0.001)


async def test_one_short_peak_is_not_taken_for_a_busy_host_and_the_past_is_forgotten(exporter: Exporter):
    async with open_host_cpu(exporter.url) as cpu:
        assert cpu
        await cpu.read()
        for busy in (0.2, 0.2, 0.95):
            exporter.work(busy)
            await cpu.read()
        assert cpu.share == pytest.approx(0.45, abs=0.01)
        for _ in range(3):
            exporter.work(busy=0.95)
            await cpu.read()
        assert cpu.share == pytest.approx(0.95, abs=0.01)


async def test_a_host_that_starts_anew_or_gets_other_cpus_is_measured_anew(exporter: Exporter):
    async with open_host_cpu(exporter.url) as cpu:
        assert cpu
        await cpu.read()
        exporter.seconds = dict.fromkeys(MODES, 1.0)
        await cpu.read()
        assert cpu.share is None
        exporter.work(busy=0.5)
        await cpu.read()
        assert cpu.share == pytest.approx(0.5)
        exporter.cpus = 4
        exporter.work(busy=0.5)
        await cpu.read()
        assert cpu.share is None


async def test_a_share_that_is_old_is_not_known(exporter: Exporter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(host_cpu, "FRESH_FOR_S", 0.2)
    async with open_host_cpu(exporter.url) as cpu:
        assert cpu
        await cpu.read()
        exporter.work(busy=0.5)
        await cpu.read()
        assert cpu.share is not None
        await asyncio.sleep(0.3)
        assert cpu.share is None
        exporter.work(busy=0.9, for_s=3600)
        await cpu.read()
        assert cpu.share is None  # an hour's mean says nothing about now


async def test_a_silent_exporter_is_said_to_be_silent(exporter: Exporter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(host_cpu, "READ_TIMEOUT_S", 0.2)
    nowhere = f"http://127.0.0.1:{choose_ports(('nobody',), wished={})['nobody']}/metrics"
    exporter.delay_s = 1
    for url in (nowhere, exporter.url, "not a url"):
        async with open_host_cpu(url) as cpu:
            assert cpu
            with pytest.raises(Unavailable, match=r"TELEPHONY_METRICS_URL: .* does not answer"):
                await cpu.read()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (web.Response(text="node_load1 0.2\n"), "is it a node_exporter"),
        (web.Response(text="<html>Sign in</html>"), "is it a node_exporter"),
        (web.Response(text='node_cpu_seconds_total{cpu="0",mode="idle"} NaN\n'), "which is no number"),
        (web.Response(text='node_cpu_seconds_total{cpu="0",mode="idle"} much\n'), "which is no number"),
        (web.Response(status=503), "does not answer"),
        (web.Response(body=b"x" * 9_000_000), "more than 8,000,000 bytes"),
    ],
    ids=["other metrics", "a page", "not a number", "a word", "an error", "too much"],
)
async def test_what_no_exporter_writes_is_refused(exporter: Exporter, answer: web.Response, said: str):
    exporter.instead = answer
    async with open_host_cpu(exporter.url) as cpu:
        assert cpu
        with pytest.raises((InvalidInput, Unavailable), match=said):
            await cpu.read()
        assert cpu.share is None


async def test_without_a_url_no_host_is_read():
    async with open_host_cpu("") as cpu:
        assert cpu is None


@tried(100)
@given(st.dictionaries(st.sampled_from(MODES[1:]), st.floats(0, 1e9)), st.floats(0.01, 1e9))
def test_all_time_is_counted_once_whatever_the_order_of_labels(others: dict[str, float], idle_s: float):
    lines = [f'node_cpu_seconds_total{{mode="{mode}",cpu="0"}} {value!r}' for mode, value in others.items()]
    text = "\n".join([*lines, f'node_cpu_seconds_total{{cpu="0", mode="idle"}} {idle_s!r} 1700000000000'])
    read = read_cpu_time(text)
    assert read.idle_s == idle_s
    assert read.total_s == pytest.approx(idle_s + sum(others.values()))


@tried(100)
@given(st.floats(0, 1e6), st.floats(0, 1e3), st.floats(0.001, 1e3))
def test_a_share_is_between_none_and_all(started_s: float, idle_s: float, passed_s: float):
    cpus = frozenset({"0"})
    share = busy_share(
        CpuTime(cpus, started_s, started_s), CpuTime(cpus, started_s + idle_s, started_s + passed_s)
    )
    assert share is None or 0 <= share <= 1
