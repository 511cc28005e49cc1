"""At each place of a flow the text goes before the audio, and the audio is there when the text cannot be."""

from __future__ import annotations

from typing import Any

from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.reading import read_flow
from outdial.domain.ivr.speech import Speech, written_texts
from outdial.domain.ivr.steps import Ask, Entered, Perform, Performed, Play, Played
from outdial.domain.ivr.walk import Walk, begin_walk, go_on
from outdial.domain.voices import Voice

ENGLISH, HEBREW = Voice(), Voice(language="he")


def a_flow(**changes: Any) -> IvrFlow:
    menu = {
        "id": "choose",
        "type": "menu",
        "text": "Press 1, {{name}}.",
        "audioUrl": "sound:choose",
        "invalidText": "No.",
        "timeoutAudioUrl": "sound:silence",
        "actions": {"1": {"type": "end_call"}},
    }
    flow = {"startNodeId": "choose", "nodes": [menu | changes.pop("menu", {})]}
    return IvrFlow.model_validate(flow | {"optOutText": "Gone.", "timeoutText": "Hello?"} | changes)


def prompts(walk: Walk) -> tuple[object, ...]:
    assert isinstance(walk.step, Ask)
    return walk.step.prompts


def test_a_text_is_said_to_those_it_can_be_filled_for_and_audio_played_to_others() -> None:
    flow = a_flow()
    said = Speech("Press 1, Dana.", ENGLISH, is_personal=True, instead="sound:choose")
    assert prompts(begin_walk(flow, {"name": "Dana"})) == (said,)
    assert prompts(begin_walk(flow, {})) == ("sound:choose",)
    assert prompts(begin_walk(flow, {"name": "דנה"})) == ("sound:choose",)


def test_without_text_for_somebody_and_without_audio_nothing_is_played() -> None:
    assert prompts(begin_walk(a_flow(menu={"audioUrl": None}), {})) == ()


def test_a_nodes_own_excuse_goes_before_the_flows_whatever_it_is() -> None:
    walk = begin_walk(a_flow(), {})
    assert prompts(go_on(walk, Entered("7"))) == (Speech("No.", ENGLISH), "sound:choose")
    assert prompts(go_on(walk, Entered("")))[0] == "sound:silence"
    flow = a_flow(menu={"timeoutAudioUrl": None})
    assert prompts(go_on(begin_walk(flow, {}), Entered("")))[0] == Speech("Hello?", ENGLISH)


def test_an_opt_out_is_confirmed_in_the_voice_of_the_flow() -> None:
    walk = go_on(begin_walk(a_flow(menu={"voice": "he"}), {}), Entered("9"))
    assert isinstance(walk.step, Perform)
    walk = go_on(walk, Performed())
    assert isinstance(walk.step, Play)
    assert walk.step.prompt == Speech("Gone.", ENGLISH)
    assert go_on(walk, Played()).opted_out


def test_a_node_speaks_in_its_own_voice_else_the_flows_else_the_campaigns() -> None:
    nodes = [
        {"id": "a", "type": "play_audio", "text": "One", "nextNodeId": "b"},
        {"id": "b", "type": "play_audio", "text": "Two", "voice": {"language": "fr", "name": "roa/fr"}},
    ]
    flow = {"startNodeId": "a", "nodes": nodes}

    def languages(config: dict[str, Any]) -> list[str]:
        return [text.voice.language for text in written_texts(read_flow({"config": config}).flow)]

    assert languages({"ivrFlow": flow}) == ["en-US", "fr"]
    assert languages({"ivrFlow": flow, "voice": "es"}) == ["es", "fr"]
    assert languages({"ivrFlow": flow | {"voice": "it"}, "voice": "es"}) == ["it", "fr"]


def test_logs_do_not_tell_what_is_known_of_people() -> None:
    assert "Dana" not in str(Speech("Hello Dana", ENGLISH, is_personal=True))
    assert "Hello all" in str(Speech("Hello all", ENGLISH))
