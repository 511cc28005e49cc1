"""A contact's text is whole or there is none; what is known of a contact is data, whatever it looks like."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from outdial.domain.errors import InvalidInput
from outdial.domain.sms.encoding import Encoding
from outdial.domain.sms.template import message_for, message_problem
from outdial.domain.templates import ValueMissing, as_text, unknown_fields

TEMPLATE = "Hello {{firstName}}, {{charity|we}} thank you for {{amount}}."

values = st.text(max_size=30).filter(lambda value: as_text(value) == value != "")


@given(values, values)
def test_values_appear_as_they_are_and_are_never_filled_again(first_name: str, amount: str) -> None:
    message = message_for({"firstName": first_name, "amount": amount}, TEMPLATE)
    assert "".join(message.parts) == f"Hello {first_name}, we thank you for {amount}."


@given(st.dictionaries(st.sampled_from(["firstName", "amount", "charity"]), st.sampled_from(["", " ", "x"])))
def test_a_text_that_lacks_a_value_is_no_text(metadata: dict[str, str]) -> None:
    lacking = [field for field in ("firstName", "amount") if not metadata.get(field, "").strip()]
    if not lacking:
        assert "x" in "".join(message_for(metadata, TEMPLATE).parts)
        return
    with pytest.raises(ValueMissing) as refusal:
        message_for(metadata, TEMPLATE)
    assert f'no "{lacking[0]}"' in str(refusal.value)
    assert "Hello" not in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("{{amount}}", "{{amount}}"),
        ("{{firstName|x}}", "{{firstName|x}}"),
        (r"\1\g<0>", r"\1\g<0>"),
        ("Zoë O\u2019Brien-N\u0303ez", "Zoë O\u2019Brien-N\u0303ez"),
        ("שָׁרָה\u200f", "שָׁרָה\u200f"),
        ("می\u200cکنم", "می\u200cکنم"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("Ada\r\n\tLovelace\x00\x1b", "Ada Lovelace"),
        ("\ufeffAda\u200b", "Ada"),
        ("Ada\u202e!won yaP", "Ada!won yaP"),
        ("\u2067Ada\u2069", "Ada"),
        ("Ada \ud83d", "Ada"),
    ],
)
def test_names_are_kept_and_what_is_no_part_of_them_is_not(value: str, kept: str) -> None:
    message = message_for({"name": value}, "Hello {{name}}!")
    assert "".join(message.parts) == f"Hello {kept}!"


@pytest.mark.parametrize("value", ["\x00", "\ufeff", "\u202e", "\t\n", "\ud83d"])
def test_a_value_of_nothing_that_can_be_read_is_missing(value: str) -> None:
    with pytest.raises(ValueMissing):
        message_for({"name": value}, "Hello {{name}}!")


def test_typographic_marks_give_way_only_where_the_campaign_says_so() -> None:
    template = "It\u2019s {{name}}" + " and more" * 10
    assert message_for({"name": "Ada"}, template).encoding is Encoding.UCS_2
    plain = message_for({"name": "Ada"}, template, plain=True)
    assert (plain.encoding, plain.parts[0][:8]) == (Encoding.GSM_7, "It's Ada")


def test_a_text_too_long_for_any_network_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at most 255"):
        message_for({"name": "a" * 50_000}, "{{name}}")


def test_fields_that_the_list_has_not_are_named_with_the_one_that_was_meant() -> None:
    columns = ["firstName", "city", "amount"]
    template = "{{firstname}} {{city|x}} {{firstname}} {{zip}} {{amuont|10}}"
    assert unknown_fields(template, columns) == [
        'names "firstname", which the list has not; write "firstName"',
        'names "zip", which the list has not; correct the name, or import the field',
        'names "amuont", which the list has not; write "amount"',
    ]
    assert unknown_fields("{{firstName}} {{city}}", columns) == []


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("Hello {{name|friend}}", None),
        ("  \n", "is empty; write what is to be sent"),
        (
            "Hello {{name",
            "has a {{ or }} without its other half; write {{firstName}}, or {{firstName|friend}}",
        ),
    ],
)
def test_templates_of_which_no_text_can_be_made_are_told(template: str, problem: str | None) -> None:
    assert message_problem(template) == problem
