"""A branch compares what a flow says with what a contact list holds, as a person would."""

from __future__ import annotations

from typing import Any

import pytest

from outdial.domain.ivr.branches import holds
from outdial.domain.ivr.flow import IvrCase


@pytest.mark.parametrize(
    ("condition", "known", "expected"),
    [
        ({"equals": "he"}, "he", True),
        ({"equals": "he"}, " HE ", True),
        ({"equals": "he"}, "en", False),
        ({"equals": "he"}, None, False),
        ({"equals": "he"}, "", False),
        ({"equals": 10}, "10.0", True),
        ({"equals": "10"}, 10, True),
        ({"equals": 10}, "ten", False),
        ({"equals": True}, "yes", True),
        ({"equals": True}, True, True),
        ({"equals": False}, "no", True),  # a Norwegian, as YAML reads their language
        ({"equals": False}, "en", False),
        ({"equals": "straße"}, "STRASSE", True),
        ({"oneOf": ["he", "en"]}, "EN", True),
        ({"oneOf": ["he", "en"]}, "fr", False),
        ({"atLeast": 18}, "18", True),
        ({"atLeast": 18}, "17.99", False),
        ({"atLeast": 18}, "adult", False),
        ({"atLeast": 18}, "nan", False),
        ({"atLeast": 18}, "inf", False),
        ({"atLeast": 0}, True, False),
        ({"atMost": 65}, 65, True),
        ({"atLeast": 18, "atMost": 65}, 66, False),
        ({"equals": 0}, "0", True),
        ({"atLeast": 0}, 0, True),
        ({"isPresent": True}, "x", True),
        ({"isPresent": True}, " ", False),
        ({"isPresent": True}, 0, True),
        ({"isPresent": False}, None, True),
        ({"isPresent": False}, "x", False),
    ],
)
def test_a_case_holds_or_not(condition: dict[str, Any], known: object, expected: bool) -> None:
    case = IvrCase.model_validate({"field": "f", "nextNodeId": "n"} | condition)
    assert holds(case, known) is expected
