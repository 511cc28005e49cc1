"""Campaigns whose people are called once, and waits until the calls are where a test wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outdial.domain.clock import utc_now
from outdial.storage.campaigns import Campaign
from tests import given
from tests.dialer.stage import NEVER_AGAIN, Stage, eventually
from tests.telephony.sides import TRUNK, Phones

GREETING = {
    "startNodeId": "greeting",
    "nodes": [
        {"id": "greeting", "type": "play_audio", "audioUrl": "sound:hello-world", "timeoutSeconds": 0.5}
    ],
}


def question(patience_s: float) -> dict[str, Any]:
    """A flow that waits for a key for so long, and ends without one."""
    actions = {"1": {"type": "trigger_donation"}, "9": {"type": "add_to_blacklist"}}
    node = {
        "id": "question",
        "type": "menu",
        "audioUrl": "sound:hello-world",
        "timeoutSeconds": patience_s,
        "tries": 1,
        "actions": actions,
    }
    return {"startNodeId": "question", "nodes": [node]}


async def a_campaign_over(
    stage: Stage, numbers: Sequence[str], trunk: str = TRUNK, **changes: Any
) -> Campaign:
    """A running campaign that calls `numbers` once each."""
    config: dict[str, Any] = {"trunks": [trunk], "ivrFlow": GREETING, "ringTimeoutSeconds": 5} | NEVER_AGAIN
    name = f"Over {trunk}"
    return await given.a_running_campaign(stage.pool, utc_now(), numbers, name=name, **(config | changes))


async def settled(stage: Stage, phones: Phones, calls: int) -> dict[str, str]:
    """Wait until so many calls are settled and no channel is left; the disposition by number."""

    async def all_settled() -> bool:
        return await stage.number("select count(disposition) from call_records") == calls

    await eventually(all_settled, within_s=60, every_s=0.05)
    await eventually(lambda: not phones.witness.live)
    rows = await stage.rows("select phone, disposition from call_records")
    return {row["phone"]: row["disposition"] for row in rows}


async def in_state(phones: Phones, state: str, calls: int = 1) -> None:
    """Wait until so many channels have come into a state: Ringing, Up."""
    await eventually(
        lambda: len(phones.witness.heard("Newstate", ChannelStateDesc=state)) == calls, every_s=0.01
    )
