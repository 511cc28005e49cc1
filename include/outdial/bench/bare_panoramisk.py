"""A bare panoramisk client that only originates, evenly: what the dialer is compared with.

`python -m outdial.bench.bare_panoramisk PORT USER SECRET TRUNK CPS SECONDS` prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from dataclasses import asdict
from typing import Any

from panoramisk import Manager

from outdial.bench.figures import spread_of

LOGIN_TIMEOUT_S = 10
LAST_CALLS_S = 10


class BareClient:
    """Sends originates on a schedule and counts what comes back."""

    def __init__(self, manager: Any, trunk: str) -> None:  # noqa: ANN401 - panoramisk has no types
        """`manager` is logged in."""
        self.ended = self.accepted = 0
        self.late_s: list[float] = []
        self.answer_s: list[float] = []
        self._manager = manager
        self._trunk = trunk
        manager.register_event("Hangup", self._on_hangup)

    def _on_hangup(self, _manager: object, _event: object) -> None:
        self.ended += 1

    async def place(self, calls: int, cps: float) -> None:
        """Place so many calls, each at its time."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with asyncio.TaskGroup() as group:
            for n in range(calls):
                due = start + n / cps
                await asyncio.sleep(due - loop.time())
                self.late_s.append(loop.time() - due)
                group.create_task(self._originate(n))

    async def _originate(self, n: int) -> None:
        loop = asyncio.get_running_loop()
        sent = loop.time()
        action = {
            "Action": "Originate",
            "Channel": f"PJSIP/+1203555{n:05}@{self._trunk}",
            "ChannelId": f"bare-{n}",
            "Application": "Wait",
            "Data": "30",
            "Async": "true",
        }
        response = await self._manager.send_action(action, as_list=False)
        self.answer_s.append(loop.time() - sent)
        self.accepted += bool(response.success)


async def measure(port: int, user: str, secret: str, trunk: str, load: tuple[float, float]) -> dict[str, Any]:
    """Place calls at `load` = (calls per second, seconds); what came of it, and this process's own CPU."""
    manager = Manager(host="127.0.0.1", port=port, username=user, secret=secret, ping_delay=3600)
    logged_in = asyncio.Event()

    def on_login(_manager: object) -> None:
        logged_in.set()

    manager.on_login = on_login
    await manager.connect()
    async with asyncio.timeout(LOGIN_TIMEOUT_S):
        await logged_in.wait()
    client = BareClient(manager, trunk)
    before = _cpu_s()
    cps, seconds = load
    calls = round(cps * seconds)
    await client.place(calls, cps)
    used = _cpu_s() - before
    for _ in range(LAST_CALLS_S * 10):
        if client.ended >= client.accepted:
            break
        await asyncio.sleep(0.1)
    manager.close()
    return {
        "calls": calls,
        "accepted": client.accepted,
        "ended": client.ended,
        "late": asdict(spread_of(client.late_s)),
        "answer": asdict(spread_of(client.answer_s)),
        "cpu_share": used / seconds,
    }


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    _port, _user, _secret, _trunk, _cps, _seconds = sys.argv[1:]
    _load = (float(_cps), float(_seconds))
    print(json.dumps(asyncio.run(measure(int(_port), _user, _secret, _trunk, _load))))  # noqa: T201 - its answer
