"""What a campaign's texts will be, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from outdial.campaigns.preview.texts import Forcing, Parts, TextPace, TextsPreview
from outdial.cli.paragraphs import moment, paragraph
from outdial.reports.wording import count, counted, duration, money, percent


def text_lines(texts: TextsPreview, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Whom, how many parts and why, what they cost, and how long they take."""
    if not texts.contacts or texts.parts is None:
        yield "Nobody is left to be texted."
        return
    yield paragraph(_whom(texts))
    yield paragraph(_parts(texts, texts.parts))
    yield from (paragraph(line, "  ") for line in _forcing(texts))
    yield paragraph(_cost(texts))
    if not texts.after_calls:
        yield paragraph(_pace(texts.pace, now, zone))


def _whom(texts: TextsPreview) -> str:
    if texts.after_calls:
        return f"Texts follow calls, to at most {counted(texts.contacts, 'contact')}."
    whom = f"{counted(texts.contacts, 'contact is', 'contacts are')} to be texted"
    lacking = f", {count(texts.lacking_any)} of whom lack a field and get none" if texts.lacking_any else ""
    called = f"; {counted(texts.landlines_called, 'landline is', 'landlines are')} called instead"
    return f"{whom}{lacking}{called if texts.landlines_called else ''}."


def _parts(texts: TextsPreview, parts: Parts) -> str:
    if parts.least == parts.most:
        size = f"Each text has {counted(parts.least, 'part')}"
    else:
        size = (
            f"A text has {parts.least} to {counted(parts.most, 'part')}, {parts.mean:.2f} on average; half "
            f"have {parts.typical} at most"
        )
    known = (
        "counted over all of them"
        if texts.is_exact
        else f"counted over {count(texts.sampled)} taken evenly, and those with the longest values"
    )
    share = f" {percent(texts.ucs2_share)} are in UCS-2, for the sake of:" if texts.ucs2_share else ""
    return f"{size} ({known}).{share or ' All are in GSM-7.'}"


def _forcing(texts: TextsPreview) -> Iterator[str]:
    """Characters one by one, letters of another script together."""
    letters: dict[tuple[str, bool], list[Forcing]] = {}
    for one in texts.forced_by:
        script, is_letter, _ = one.name.partition(" LETTER ")
        if is_letter:
            letters.setdefault((script.partition(" ")[2].capitalize(), one.in_template), []).append(one)
        else:
            plain = f", for which {one.plain!r} would do" if one.plain else ""
            yield f"{one.name}, {_where(one, texts)}{plain}"
    for (script, _), some in letters.items():
        most = max(some, key=lambda one: one.texts)
        yield f"{script} letters ({' '.join(one.character for one in some)}), {_where(most, texts)}"


def _where(one: Forcing, texts: TextsPreview) -> str:
    where = "in the template" if one.in_template else "in what is filled in"
    return f"{where}, in {counted(one.texts, 'text')} of {count(texts.sampled)}"


def _cost(texts: TextsPreview) -> str:
    about = "" if texts.is_exact else "about "
    most = "at most " if texts.after_calls else ""
    parts = f"Together {most}{about}{counted(texts.total_parts, 'part')}"
    if texts.price_per_part is None:
        return f"{parts}; what they cost, the campaign's sms.pricePerPart would tell."
    each = money(texts.price_per_part, texts.currency)
    return f"{parts}, {money(texts.cost, texts.currency)} at {each} each."


def _pace(pace: TextPace, now: datetime, zone: ZoneInfo) -> str:
    of = f" of {pace.carrier}" if pace.carrier else ""
    known = "" if pace.opened else ", assumed until a gateway opens the carrier"
    speed = f"at the {counted(round(pace.parts_per_second), 'part')} a second{of}{known}"
    if pace.parts_per_second < 1:
        speed = f"at one part every {duration(1 / pace.parts_per_second)}{of}{known}"
    if pace.ends_at is not None:
        took = duration((pace.ends_at - now).total_seconds())
        return f"Everybody is texted by {moment(pace.ends_at, zone, now)}, in {took}, {speed}."
    left = counted(pace.left, "is", "are")
    return f"{left} not yet texted by {moment(pace.before, zone, now)}, {speed}."
