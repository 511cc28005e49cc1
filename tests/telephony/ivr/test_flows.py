"""The same people walk the same flow on a real Asterisk and on the simulator, and it ends the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from outdial.dialer.ivr_services import IvrServicesConfig
from outdial.dialer.webhooks import WebhookRules
from outdial.domain.clock import utc_now
from tests import given
from tests.dialer.stage import NEVER_AGAIN, Stage, eventually
from tests.telephony.ivr.conftest import People
from tests.telephony.ivr.people import CASES, TONES, a_flow, number_of

pytestmark = pytest.mark.timeout(120)

FIRST_AUDIO_WITHIN_S = 2.0


@dataclass
class Hook:
    """Takes webhooks."""

    url: str = ""
    came: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def take(self, request: web.Request) -> web.Response:
        assert request.headers["Outdial-Signature"]
        self.came.append(json.loads(await request.read()))
        return web.Response()


@asynccontextmanager
async def a_hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield hook
    finally:
        await runner.cleanup()


async def called(stage: Stage, side: People, storage: Path, hook: Hook) -> dict[str, dict[str, Any]]:
    """Call everybody at once, through the whole dialer; what was written down, by number."""
    numbers = [number_of(case) for case in CASES]
    now = utc_now()
    config = {"ivrFlow": a_flow(hook.url), "audioFileUrl": None, "ringTimeoutSeconds": 5}
    campaign = await given.a_running_campaign(stage.pool, now, numbers, **config, **NEVER_AGAIN)
    async with stage.pool.connection() as conn:
        for case in CASES:
            await conn.execute(
                "update contacts set metadata = %s where phone = %s",
                [json.dumps({"language": case.language}), number_of(case)],
            )
    ivr = IvrServicesConfig(
        storage.as_uri(), webhooks=WebhookRules("a secret of the test", frozenset({"127.0.0.1"}))
    )

    async def all_settled() -> bool:
        return await stage.number("select count(disposition) from call_records") == len(CASES)

    async with stage.dialer(side, ivr=ivr):
        await stage.dispatch(campaign, horizon_s=20)
        await eventually(all_settled, within_s=60, every_s=0.1)
    rows = await stage.rows("select phone, disposition, converted, opted_out, ivr_path from call_records")
    return {row["phone"]: row for row in rows}


@pytest.mark.parametrize("dtmf", ["rfc4733", "info"])
async def test_what_people_do_on_a_call_comes_out_as_they_did_it(
    stage: Stage, people: Any, storage: Path, dtmf: str
) -> None:
    async with people(dtmf) as side, a_hook() as hook:
        rows = await called(stage, side, storage, hook)
        found = {
            case.name: (tuple(row["ivr_path"]), row["converted"], row["opted_out"])
            for case in CASES
            if (row := rows[number_of(case)])
        }
        assert found == {case.name: (case.path, case.converted, case.opted_out) for case in CASES}
        assert {row["disposition"] for row in rows.values()} == {"answered"}
        assert [event["node"] for event in hook.came] == ["more"]
        _assert_heard(side)
    await _assert_opt_outs_hold(stage)
    _assert_messages_kept(storage, rows)


def _assert_heard(side: People) -> None:
    if side.handset is None:
        return
    names = {hz: name for name, hz in TONES.items()}
    heard = {
        case.name: tuple(names[prompt.hz] for prompt in side.handset.of(number_of(case)).prompts)
        for case in CASES
    }
    assert heard == {case.name: case.hears for case in CASES}
    waits = [call.prompts[0].at - call.answered_at for call in side.handset.calls.values() if call.prompts]
    assert max(waits) < FIRST_AUDIO_WITHIN_S


async def _assert_opt_outs_hold(stage: Stage) -> None:
    listed = {row["number"] for row in await stage.rows("select number from blacklist")}
    assert listed == {number_of(case) for case in CASES if case.opted_out}


def _assert_messages_kept(storage: Path, rows: dict[str, dict[str, Any]]) -> None:
    files = list((storage / "recordings").rglob("*.wav"))
    assert len(files) == sum(case.leaves_a_message for case in CASES)
    assert all(1.0 < file.stat().st_size / 16000 < 4 for file in files)
