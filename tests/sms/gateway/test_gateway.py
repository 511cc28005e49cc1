"""A gateway and whole campaigns of texts, over SMPP to the simulated carrier."""

from __future__ import annotations

from outdial.domain.clock import utc_now
from outdial.simulator.sms.seen import TextSeen
from tests import given
from tests.sms.gateway.stage import SENDER, TEXT, Stage, a_carrier


async def test_everybody_is_texted_once_and_done_when_the_receipt_is_in(stage: Stage) -> None:
    numbers = given.phones(60)
    campaign = await given.a_running_campaign(stage.pool, utc_now(), numbers, **TEXT)
    async with a_carrier() as carrier, stage.gateway(carrier):
        await stage.run_campaigns(campaign)
        seen = carrier.seen(TextSeen)
        assert sorted(one.to for one in seen) == sorted(numbers)
        assert {one.text for one in seen} == {"Hello friend, we meet on Sunday. Reply STOP to opt out"}
        assert {one.sender for one in seen} == {SENDER.lstrip("+")}
        assert await stage.states() == {"delivered": 60}
        await stage.assert_sound(carrier)
    contacts = await stage.rows("select distinct status, texts, last_disposition from contacts")
    assert contacts == [{"status": "completed", "texts": 1, "last_disposition": "delivered"}]
