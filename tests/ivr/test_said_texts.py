"""A call that follows a text says it: for people who hear it, and cannot answer STOP."""

from __future__ import annotations

from typing import Any

import pytest

from outdial.domain.campaign import CampaignConfig
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr.checks import flow_problems, flow_remarks
from outdial.domain.ivr.default import flow_of
from outdial.domain.ivr.reading import read_flow
from outdial.domain.ivr.speech import Speech
from outdial.domain.ivr.steps import Ask, Entered, Perform, Performed, Play
from outdial.domain.ivr.walk import Walk, begin_walk, go_on
from outdial.domain.sms.settings import SmsSettings
from outdial.domain.sms.spoken import spoken_template

WINDOW = {"dayOfWeek": [0, 1, 2, 3, 4, 5, 6], "startHour": 0, "endHour": 24}
PRESS_9 = "To get no more calls or texts, press 9."


def begun(template: str, metadata: dict[str, Any] | None = None, **config: Any) -> Walk:
    flow = flow_of(
        CampaignConfig.model_validate({"callingWindows": [WINDOW], "smsTemplate": template, **config})
    )
    assert flow is not None
    assert flow_problems(flow) == []
    return begin_walk(flow, metadata)


def said(walk: Walk) -> list[str]:
    match walk.step:
        case Ask(prompts=prompts):
            return [prompt.text for prompt in prompts if isinstance(prompt, Speech)]
        case Play(prompt=Speech(text=text)):
            return [text]
        case _:
            return []


def test_a_text_is_said_to_each_in_their_own_words() -> None:
    walk = begun("Hi {{name|friend}}, your table is ready.", {"name": "Dana"})
    assert said(walk) == [f"Hi Dana, your table is ready. {PRESS_9}"]
    assert flow_remarks(walk.flow) == []
    assert isinstance(walk.step, Ask)
    (prompt,) = walk.step.prompts
    assert isinstance(prompt, Speech)
    assert prompt.is_personal


def test_9_opts_out_of_a_text_that_is_said_and_is_confirmed() -> None:
    walk = go_on(begun("Your table is ready"), Entered("9"))
    assert isinstance(walk.step, Perform)
    assert walk.step.action == "add_to_blacklist"
    assert said(go_on(walk, Performed())) == ["You will get no more calls or texts from us."]


def test_another_key_says_it_again() -> None:
    walk = begun("Your table is ready")
    assert said(go_on(walk, Entered("1"))) == said(walk)


def test_a_flow_or_audio_goes_before_the_text() -> None:
    walk = begun("Your table is ready", audioFileUrl="sound:hello")
    assert isinstance(walk.step, Ask)
    assert walk.step.prompts == ("sound:hello",)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Your parcel is here: https://example.org/p/1 Reply STOP to end", "Your parcel is here."),
        (
            "Your parcel is here. See https://example.org/p?id={{id}}. Txt STOP to end.",
            "Your parcel is here. See.",
        ),
        ("Your parcel is here, reply STOP to end", "Your parcel is here."),
        ("Your parcel is here!\nSTOP2END", "Your parcel is here!"),
        ("Your parcel is here - reply 'stop' to end", "Your parcel is here."),
    ],
)
def test_links_and_how_to_stop_by_text_are_not_said(template: str, expected: str) -> None:
    assert spoken_template(template, SmsSettings()) == f"{expected} {PRESS_9}"


def test_a_campaigns_own_stop_wording_is_not_said() -> None:
    settings = SmsSettings(stop_wording="Not for you? Write us")
    assert spoken_template("Your parcel is here.\nNot for you? Write us", settings) == (
        f"Your parcel is here. {PRESS_9}"
    )


@pytest.mark.parametrize(
    ("template", "language", "end"),
    [
        ("Su cita es mañana a las 10 con la doctora", "es", "pulse 9."),
        ("Ihr Paket ist da und liegt bereit", "de", "drücken Sie die 9."),
        ("התור שלך מחר ב-10", "he", "הקישו 9."),
    ],
)
def test_a_text_is_said_in_a_voice_of_its_language(template: str, language: str, end: str) -> None:
    walk = begun(template)
    assert walk.flow.voice is not None
    assert walk.flow.voice.base_language == language
    assert said(walk)[0].endswith(end)
    own = begun(template, voice={"language": language, "name": "Own"})
    assert own.flow.voice is not None
    assert own.flow.voice.name == "Own"


@pytest.mark.parametrize("template", ["https://example.org", "Reply STOP", "Hello. " * 300])
def test_a_text_with_nothing_to_say_or_too_much_makes_no_call(template: str) -> None:
    config = CampaignConfig.model_validate({"callingWindows": [WINDOW], "smsTemplate": template})
    assert flow_of(config) is None


def test_a_campaigns_file_shows_what_its_calls_say() -> None:
    sms = {"stopWording": "Not for you? Write us"}
    config = {"smsTemplate": "Your parcel is here. Not for you? Write us", "sms": sms}
    walk = begin_walk(read_flow({"name": "Parcels", "type": "sms", "config": config}).flow)
    assert said(walk) == [f"Your parcel is here. {PRESS_9}"]
    with pytest.raises(InvalidInput, match=r"sms\.sender"):
        read_flow({"config": config | {"sms": {"sender": "?"}}})
