"""One person's texts as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from outdial.campaigns.explain.person import ContactExplanation, RecentText
from outdial.campaigns.explain.texts import ToldText
from outdial.cli.paragraphs import moment, paragraph
from outdial.reports.wording import counted, duration, failure_name, state_name

_INDENT = "       "


def recent_text_lines(answer: ContactExplanation, zone: ZoneInfo) -> Iterator[str]:
    """Texts of any campaign to the number."""
    yield "Texts to the number in the last 7 days, by any campaign"
    for text in answer.recent_texts:
        uncounted = "" if text.counts else ", not counted by the caps"
        at = moment(text.begun_at, zone, answer.at)
        yield paragraph(f"{at}  {text.campaign}: {_ended(text)}{uncounted}", _INDENT)


def told_text_lines(answer: ContactExplanation, zone: ZoneInfo) -> Iterator[str]:
    """Texts of this campaign, with what was heard of them and what followed."""
    yield "Texts of this campaign"
    for number, text in enumerate(answer.texts, 1):
        yield paragraph(_text(text, answer, zone), f"  {number:>3}  ")
        yield paragraph(
            f"\N{LEFT DOUBLE QUOTATION MARK}{_on_one_line(text.body)}\N{RIGHT DOUBLE QUOTATION MARK}", _INDENT
        )
        yield from (paragraph(line, _INDENT) for line in _heard(text, answer, zone))
        yield paragraph(text.followed, f"{_INDENT}→ ")


def _text(text: ToldText, answer: ContactExplanation, zone: ZoneInfo) -> str:
    at = moment(text.begun_at, zone, answer.at)
    took = ""
    if text.delivered_at is not None:
        took = f" after {duration((text.delivered_at - text.begun_at).total_seconds())}"
    said = f" ({_on_one_line(text.carrier_said)})" if text.carrier_said else ""
    tries = f", {text.tries} tries" if text.tries > 1 else ""
    parts = f"{counted(text.parts, 'part')} in {text.encoding}"
    return f"{at}, {_ended(text)}{took}{said}, over {text.carrier} from {text.sender}, {parts}{tries}"


def _heard(text: ToldText, answer: ContactExplanation, zone: ZoneInfo) -> Iterator[str]:
    for receipt in text.receipts:
        why = f", {failure_name(receipt.failure)}" if receipt.failure else ""
        said = f" ({_on_one_line(receipt.said)})" if receipt.said else ""
        times = f", {receipt.times} times" if receipt.times > 1 else ""
        yield f"receipt {moment(receipt.received_at, zone, answer.at)}: {receipt.state}{why}{said}{times}"
    for reply in text.replies:
        read = "" if reply.meaning == "other" else f", read as {reply.meaning}"
        yield f"reply {moment(reply.received_at, zone, answer.at)}{read}: {_on_one_line(reply.body)}"
    for link in text.links:
        yield f"{link.url}: followed {counted(link.people, 'time')} by people, {link.programs} by others"
    if text.opted_out:
        yield "opted out after it"


def _ended(text: ToldText | RecentText) -> str:
    why = f", {failure_name(text.failure)}" if text.failure else ""
    return f"{state_name(text.state).lower()}{why}"


def _on_one_line(written: str) -> str:
    """What others wrote, so that it cannot steer a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in written).split())
