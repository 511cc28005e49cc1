"""Texts are filled whole or not at all, and said by a voice whose language has their letters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from outdial.domain.templates import Slot, ValueMissing, fill, slots_of, template_problem
from outdial.domain.voices import Voice, foreign_letters, is_written_in

VALUES = st.one_of(st.none(), st.text(max_size=8), st.integers(), st.floats(allow_nan=False), st.booleans())


@pytest.mark.parametrize(
    ("text", "metadata", "filled"),
    [
        ("Hello {{firstName}}.", {"firstName": "Dana"}, "Hello Dana."),
        ("Hello {{ first name }}.", {"first name": " Dana \n Lev "}, "Hello Dana Lev."),
        ("{{amount}} dollars", {"amount": 250.0}, "250 dollars"),
        ("{{amount}} dollars", {"amount": 2.5}, "2.5 dollars"),
        ("Hello {{firstName|friend}}.", {}, "Hello friend."),
        ("Hello {{firstName|friend}}.", {"firstName": "  "}, "Hello friend."),
        ("Hello {{firstName|}}.", {"firstName": ["a"]}, "Hello ."),
        ("{{a}}{{b|2}}", {"a": "{{b}}"}, "{{b}}2"),
    ],
)
def test_a_text_is_filled_with_what_is_known_or_its_default(
    text: str, metadata: dict[str, Any], filled: str
) -> None:
    assert fill(text, metadata) == filled


@pytest.mark.parametrize("metadata", [{}, {"amount": ""}, {"amount": None}, {"amount": {"a": 1}}])
def test_a_text_without_a_value_or_default_is_not_filled_at_all(metadata: dict[str, Any]) -> None:
    with pytest.raises(ValueMissing, match='no "amount"'):
        fill("Hello {{name|friend}}, you gave {{amount}}.", metadata)


@given(st.dictionaries(st.sampled_from("abc"), VALUES), st.lists(st.sampled_from("abc"), max_size=4))
def test_no_place_is_ever_left_in_a_filled_text(metadata: dict[str, Any], fields: list[str]) -> None:
    text = " ".join(f"{{{{{field}|-}}}}" for field in fields)
    assert len(slots_of(text)) == len(fields)
    assert slots_of(fill(text, {name: str(value).strip("{}") for name, value in metadata.items()})) == ()


def test_a_value_that_the_voice_cannot_say_gives_way_to_the_default() -> None:
    def takes(value: str) -> bool:
        return is_written_in(value, Voice(language="en"))

    assert fill("Hello {{name|friend}}", {"name": "Dana"}, takes) == "Hello Dana"
    assert fill("Hello {{name|friend}}", {"name": "דנה"}, takes) == "Hello friend"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello {{name}} and {{ city | nowhere }}", None),
        ("Hello {name}", None),
        ("Hello {{name", "has a {{ or }} without its other half"),
        ("Hello name}}", "has a {{ or }} without its other half"),
        ("Hello {{a{{b}}}}", "has a {{ or }} without its other half"),
        ("Hello {{ }}", "has {{}} without a field"),
    ],
)
def test_places_written_wrongly_are_told(text: str, said: str | None) -> None:
    problem = template_problem(text)
    assert problem is None if said is None else problem and problem.startswith(said)


def test_places_are_found_with_their_defaults() -> None:
    assert slots_of("{{ a }} {{b| x y }} {{c|}}") == (Slot("a", None), Slot("b", "x y"), Slot("c", ""))


@pytest.mark.parametrize(
    ("text", "language", "script"),
    [
        ("Hello, Zoë! 250 €", "en-US", None),
        ("שלום", "he", None),
        ("שלום", "en-US", "Hebrew"),
        ("مرحبا", "ar", None),
        ("مرحبا", "he", "Arabic"),
        ("Outdial שלום", "he-IL", None),
        ("Привет", "ru", None),
        ("Привет", "fr", "Cyrillic"),
        ("नमस्ते", "hi", None),
        ("你好", "cmn", None),
        ("你好", "en", "Cjk"),
    ],
)
def test_a_voice_says_only_letters_of_its_language(text: str, language: str, script: str | None) -> None:
    problem = foreign_letters(text, Voice(language=language))
    assert problem is None if script is None else problem and problem.startswith(f"has {script} letters")


@pytest.mark.parametrize(
    ("written", "language"),
    [("en-us", "en-US"), ("iw", "he"), ({"language": "AR"}, "ar"), ("es-419", "es-419"), ({}, "en-US")],
)
def test_a_voice_is_written_as_its_language(written: object, language: str) -> None:
    assert Voice.model_validate(written).language == language


@pytest.mark.parametrize("written", ["", "english please", {"language": "en", "engine": "gramophone"}, 7])
def test_what_is_no_voice_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        Voice.model_validate(written)
