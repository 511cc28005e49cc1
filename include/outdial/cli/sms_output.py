"""How `outdial sms` answers people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from outdial.domain.sms.replies import Reply, ReplyKind

_MOST_SHOWN = 5

_MEANINGS = {
    ReplyKind.STOP: "wants no more, neither texts nor calls",
    ReplyKind.START: "wants texts again",
    ReplyKind.HELP: "asks who writes and how to stop",
    ReplyKind.UNCLEAR: "may want no more; a person has to read it, and until then nothing may be sent",
    ReplyKind.OTHER: "an answer like any other",
}


def lines_of_parts(answer: Mapping[str, Any]) -> Iterator[str]:
    """What `outdial sms parts` found."""
    yield (
        f"{_count(answer['part_count'], 'part')} in {answer['encoding']}: "
        f"{answer['units']} characters as networks count them, room for {answer['units_left']} more"
    )
    yield from _lines_of_reasons(answer)
    if replaced := answer["replaced"]:
        yield f"  plain    {_count(len(replaced), 'character')} replaced: {_pairs(replaced)}"
    yield from _lines_of_costs(answer)
    for number, part in enumerate(answer["parts"], 1):
        yield f"  {f'part {number}':8} {json.dumps(part, ensure_ascii=False)}"


def lines_of_reply(reply: Reply) -> Iterator[str]:
    """What `outdial sms reply` found."""
    yield f"{reply.kind}: {_MEANINGS[reply.kind]}"
    if reply.found:
        whose = f" ({reply.language})" if reply.language else " (the campaign's own)"
        yield f'  found    "{reply.found}"{whose}'


def _lines_of_reasons(answer: Mapping[str, Any]) -> Iterator[str]:
    forced_by, parts, without = answer["forced_by"], answer["part_count"], answer["part_count_without"]
    if not forced_by:
        return
    if len(forced_by) > _MOST_SHOWN:
        yield f"  forced   by {len(forced_by)} of its characters, the first of them {_found(forced_by[0])}"
    else:
        yield from (f"  forced   by {_found(each)}" for each in forced_by)
    if without < parts:
        yield f"           which makes this {parts} parts instead of {without}"
    if answer["part_count_plain"] < parts:
        yield f"           --plain makes it {_count(answer['part_count_plain'], 'part')}"


def _lines_of_costs(answer: Mapping[str, Any]) -> Iterator[str]:
    if answer["cost"] is not None:
        yield f"  cost     {_money(answer['cost'])} a person, at {_money(answer['price'])} a part"
    if answer["people"] is not None:
        cost = "" if answer["all_cost"] is None else f", {_money(answer['all_cost'])}"
        yield f"  in all   {_count(answer['all_parts'], 'part')} to {answer['people']} people{cost}"


def _found(each: Mapping[str, Any]) -> str:
    return f"{_visible(each['character'])} at position {each['position']}, {each['name']}"


def _pairs(replaced: list[dict[str, Any]]) -> str:
    pairs = dict.fromkeys((each["character"], each["plain"]) for each in replaced)
    return ", ".join(f"{_visible(old)} by {_visible(new) if new else 'nothing'}" for old, new in pairs)


def _visible(characters: str) -> str:
    """A character, or its number where it would not be seen."""
    if characters == " ":
        return "a space"
    return characters if characters.isprintable() else f"U+{ord(characters[0]):04X}"


def _money(amount: Decimal) -> str:
    """As exact as it is, with two digits after the point at least."""
    shown = f"{amount.normalize():f}"
    _, _, digits = shown.partition(".")
    return shown if len(digits) > 1 else f"{amount:.2f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
