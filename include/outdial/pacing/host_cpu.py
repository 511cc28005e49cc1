"""How busy the telephony host's CPUs are, as its Prometheus node_exporter tells; read by the controller."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isfinite

import httpx

from outdial.domain.errors import InvalidInput, Unavailable

METRIC = "node_cpu_seconds_total"
READ_TIMEOUT_S = 3.0
MOST_BYTES = 8_000_000
"""A node_exporter with everything on writes a few hundred kilobytes."""

FRESH_FOR_S = 15.0
"""A share older than this is not known any more."""

READINGS = 4
"""The share is taken over this many readings: 15 s where they are 5 s apart."""

_SAMPLE = re.compile(rf"^{METRIC}\{{(?P<labels>.*)\}}[ \t]+(?P<value>\S+)(?:[ \t]+-?\d+)?$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class CpuTime:
    """Seconds all CPUs of a host have spent since it started, and idle ones among them."""

    cpus: frozenset[str]
    idle_s: float
    total_s: float


def read_cpu_time(exposition: str) -> CpuTime:
    """The CPU counters in a node_exporter's text. Raises InvalidInput where none can be read."""
    idle_s, total_s, cpus = 0.0, 0.0, set[str]()
    for sample in _SAMPLE.finditer(exposition):
        labels = dict(_LABEL.findall(sample["labels"]))
        seconds = _number(sample["value"])
        cpus.add(labels.get("cpu", ""))
        total_s += seconds
        idle_s += seconds if labels.get("mode") == "idle" else 0
    if not cpus or not idle_s:
        raise InvalidInput(
            f"TELEPHONY_METRICS_URL: there is no {METRIC} with mode idle; is it a node_exporter?"
        )
    return CpuTime(frozenset(cpus), idle_s, total_s)


def busy_share(earlier: CpuTime, later: CpuTime) -> float | None:
    """The busy share between two readings; None where the host started anew or has other CPUs."""
    passed_s, idle_s = later.total_s - earlier.total_s, later.idle_s - earlier.idle_s
    if earlier.cpus != later.cpus or passed_s <= 0 or idle_s < 0:
        return None
    return min(max(1 - idle_s / passed_s, 0.0), 1.0)


class HostCpu:
    """Reads one host's counters, and knows the share between the last readings."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        """Use `open_host_cpu`."""
        self._client = client
        self._url = url
        self._readings: deque[CpuTime] = deque(maxlen=READINGS)
        self._read_at_s = float("-inf")

    @property
    def share(self) -> float | None:
        """How busy it was over the last readings, between 0 and 1; None where that is not known now."""
        if len(self._readings) < 2 or _now_s() - self._read_at_s > FRESH_FOR_S:  # noqa: PLR2004 - a difference
            return None
        return busy_share(self._readings[0], self._readings[-1])

    async def read(self) -> None:
        """Read once. Raises Unavailable where nobody answers, InvalidInput where it is no node_exporter."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                reading = read_cpu_time(await self._fetch())
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise Unavailable(f"TELEPHONY_METRICS_URL: {self._url} does not answer ({reason}).") from error
        if _now_s() - self._read_at_s > FRESH_FOR_S or not self._goes_on(reading):
            self._readings.clear()
        self._readings.append(reading)
        self._read_at_s = _now_s()

    def _goes_on(self, reading: CpuTime) -> bool:
        return not self._readings or busy_share(self._readings[-1], reading) is not None

    async def _fetch(self) -> str:
        parts: list[bytes] = []
        async with self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            async for part in response.aiter_bytes():
                parts.append(part)
                if sum(map(len, parts)) > MOST_BYTES:
                    raise InvalidInput(f"TELEPHONY_METRICS_URL: more than {MOST_BYTES:,} bytes came")
        return b"".join(parts).decode("utf-8", "replace")


@asynccontextmanager
async def open_host_cpu(url: str) -> AsyncGenerator[HostCpu | None]:
    """The host's CPUs for the length of a block; None where no `url` is given."""
    if not url:
        yield None
        return
    async with httpx.AsyncClient(timeout=READ_TIMEOUT_S, trust_env=False) as client:
        yield HostCpu(client, url)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise InvalidInput(f"TELEPHONY_METRICS_URL: {METRIC} is {text!r}, which is no number")
    return number


def _now_s() -> float:
    return asyncio.get_running_loop().time()
