"""Validation finds what would keep texts from being sent, and calls from standing in for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from outdial.campaigns.create import spec_problems
from outdial.campaigns.validate import campaign_problems
from outdial.domain.campaign import read_campaign as read_campaign_file
from outdial.speech.config import SpeechConfig
from outdial.storage.campaigns import Campaign
from outdial.storage.carriers import note_carrier
from outdial.storage.pool import Pool
from tests.given import ALWAYS, a_campaign, contacts, phones

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NUMBER = "+12025550199"
TEXT = "Your table is ready"
NO_FLOW = {"audioFileUrl": None}


async def an_sms_campaign(pool: Pool, **changes: Any) -> Campaign:
    """One with people whose gateway has run, and that may be sent, but for `changes`."""
    config = {"type": "sms", "smsTemplate": TEXT, **NO_FLOW} | changes
    campaign = await a_campaign(pool, NOW, **config)
    await contacts(pool, campaign, phones(2), NOW)
    async with pool.connection() as conn:
        await note_carrier(conn, "smpp", 10, 0, NOW)
    return campaign


async def problems_of(
    pool: Pool, campaign: Campaign, sender: str = NUMBER, speech: SpeechConfig | None = None
) -> list[str]:
    async with pool.connection() as conn:
        return await campaign_problems(conn, campaign.id, NOW, "", speech, sender)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"type": "hybrid"},
        {"type": "sms", "fallback": "landline"},
        {"type": "voice", "fallback": "unreached", "audioFileUrl": "sound:hello"},
        {"smsTemplate": "Hi {{firstName|friend}}"},
    ],
)
async def test_texts_with_a_sender_a_gateway_and_people_can_be_sent(
    pool: Pool, changes: dict[str, Any]
) -> None:
    assert await problems_of(pool, await an_sms_campaign(pool, **changes)) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"smsTemplate": None}, "config.smsTemplate: nothing to send"),
        ({"smsTemplate": " "}, "config.smsTemplate: is empty"),
        ({"smsTemplate": "Hi {{name"}, "config.smsTemplate: has a {{ or }} without its other half"),
        ({"smsTemplate": "word " * 9000}, "config.smsTemplate: makes "),
        ({"smsTemplate": "Hi {{firstname}}"}, 'config.smsTemplate names "firstname", which the list has not'),
        ({"sms": {"carrier": "http"}}, "config.sms.carrier: no SMS gateway has run with carrier http"),
        ({"sms": {"stopWording": ""}, "jurisdictions": "auto"}, "config.sms.stopWording: is empty"),
        ({"sms": {"sender": "OurShop"}}, 'config.sms.stopWording: nobody can reply to "OurShop"'),
        ({"type": "hybrid", "fallback": "none"}, "config.fallback: none leaves the hybrid campaign with one"),
        (
            {"type": "voice", "fallback": "landline", "audioFileUrl": "sound:hello"},
            "config.fallback: landline is for texts",
        ),
        (
            {"type": "voice", "fallback": "unreached"},
            "config.audioFileUrl: nothing to play; give it, or an ivrFlow",
        ),
        (
            {"fallback": "landline", "smsTemplate": "https://example.org/a"},
            "config.smsTemplate: cannot be said on a call",
        ),
    ],
)  # fmt: skip
async def test_what_keeps_texts_from_being_sent_is_said_in_one_sentence(
    pool: Pool, changes: dict[str, Any], problem: str
) -> None:
    campaign = await an_sms_campaign(pool, **changes)
    async with pool.connection() as conn:
        await conn.execute("""update contacts set metadata = '{"firstName": "Dana"}'""")
    (found,) = await problems_of(pool, campaign)
    assert found.startswith(problem)


async def test_texts_need_a_sender_and_a_gateway(pool: Pool) -> None:
    campaign = await a_campaign(pool, NOW, type="sms", smsTemplate=TEXT, **NO_FLOW)
    await contacts(pool, campaign, phones(1), NOW)
    assert await problems_of(pool, campaign, sender="") == [
        "config.sms.sender: nobody is named from whom texts come; give it, or set SMS_SENDER",
        "config.sms.carrier: no SMS gateway has run yet; start `outdial sms-gateway`",
    ]


@pytest.mark.parametrize("wording", ["Stop: https://example.org/stop", ""])
async def test_a_named_sender_says_itself_how_to_stop(pool: Pool, wording: str) -> None:
    sms = {"sender": "OurShop", "stopWording": wording}
    assert await problems_of(pool, await an_sms_campaign(pool, sms=sms)) == []


async def test_a_text_that_no_voice_can_say_keeps_calls_from_standing_in(pool: Pool) -> None:
    campaign = await an_sms_campaign(pool, smsTemplate="התור שלך מחר", fallback="landline")
    (problem,) = await problems_of(pool, campaign, speech=SpeechConfig())
    assert problem.startswith(
        "config.smsTemplate, said on a call, cannot be said: the local voice reads Hebrew"
    )
    alone = await an_sms_campaign(pool, smsTemplate="התור שלך מחר", name="Alone")
    assert await problems_of(pool, alone, speech=SpeechConfig()) == []


def a_menu(action: dict[str, Any]) -> dict[str, Any]:
    node = {"id": "menu", "type": "menu", "audioUrl": "sound:hello", "actions": {"1": action}}
    return {"nodes": [node], "startNodeId": "menu"}


ASKS = {"type": "send_sms"}
GIVES = {"type": "trigger_donation"}
PLACE = 'config.ivrFlow: node "menu": key 1: '


@pytest.mark.parametrize(
    ("action", "template", "problem"),
    [
        (ASKS, None, f"{PLACE}send_sms has no text; give parameters.text, or config.smsTemplate"),
        (ASKS, TEXT, None),
        (ASKS | {"parameters": {"text": TEXT}}, None, None),
        (ASKS | {"parameters": {"text": "Hi {{}}"}}, None, f"{PLACE}send_sms: has {{{{}}}} without a field"),
        (ASKS | {"parameters": {"text": "Hi {{who}}"}}, None, f'{PLACE}send_sms names "who", which the list'),
        (GIVES, None, None),
        (GIVES | {"parameters": {"smsTemplate": "{{"}}, None, f"{PLACE}trigger_donation: has a {{{{ or }}}}"),
    ],
)
async def test_a_flow_that_asks_for_a_text_has_one(
    pool: Pool, action: dict[str, Any], template: str | None, problem: str | None
) -> None:
    campaign = await an_sms_campaign(pool, type="voice", ivrFlow=a_menu(action), smsTemplate=template)
    problems = await problems_of(pool, campaign)
    assert [found.startswith(problem or "none at all") for found in problems] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("kind", "config", "problem"),
    [
        ("voice", {"fallback": "landline"}, "config.fallback: landline is for texts"),
        ("sms", {"smsTemplate": "Hi {{name"}, "config.smsTemplate: has a {{ or }} without"),
        ("sms", {}, None),
    ],
)
def test_create_refuses_what_cannot_be_meant_and_takes_drafts(
    kind: str, config: dict[str, Any], problem: str | None
) -> None:
    written = {
        "name": "Spring",
        "type": kind,
        "timezone": "UTC",
        "config": {"callingWindows": [ALWAYS], **config},
    }
    problems = spec_problems(read_campaign_file(written), NOW)
    assert [found.startswith(problem or "none at all") for found in problems] == ([True] if problem else [])
