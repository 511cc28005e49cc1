"""Which way a `branch` takes, by what is known of the contact and what they entered."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from outdial.domain.ivr.flow import IvrCase, IvrNode

# YAML reads a bare yes, no, on or off as a truth value; in a contact list it is a word.
_WORDS = {True: frozenset({"true", "yes", "on"}), False: frozenset({"false", "no", "off"})}


def chosen_way(node: IvrNode, metadata: Mapping[str, Any], entered: Mapping[str, str]) -> str | None:
    """The node after a branch: that of the first case which holds, else the branch's own next one."""
    for case in node.cases:
        known = metadata.get(case.field) if case.field is not None else entered.get(case.entered or "")
        if holds(case, known):
            return case.next_node_id
    return node.next_node_id


def holds(case: IvrCase, known: object) -> bool:
    """Do all conditions of `case` hold of the value? A missing value meets none but `isPresent: false`."""
    is_present = known is not None and _text(known) != ""
    if case.is_present is not None and case.is_present != is_present:
        return False
    wants_value = (case.equals, case.one_of, case.at_least, case.at_most) != (None, None, None, None)
    return not wants_value or (is_present and _is_wanted(case, known) and _is_within(case, known))


def _is_wanted(case: IvrCase, known: object) -> bool:
    if case.equals is not None and not _are_equal(case.equals, known):
        return False
    return case.one_of is None or any(_are_equal(wanted, known) for wanted in case.one_of)


def _is_within(case: IvrCase, known: object) -> bool:
    if case.at_least is None and case.at_most is None:
        return True
    number = _number(known)
    if number is None or (case.at_least is not None and number < case.at_least):
        return False
    return case.at_most is None or number <= case.at_most


def _are_equal(wanted: object, known: object) -> bool:
    if isinstance(wanted, bool):
        return _text(known) in _WORDS[wanted]
    if _text(wanted) == _text(known):
        return True
    number = _number(wanted)
    return number is not None and number == _number(known)


def _text(value: object) -> str:
    return str(value).strip().casefold()


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
