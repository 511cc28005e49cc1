"""A text as a call says it: without links, and with a key in place of the word by which people stop."""

from __future__ import annotations

import re

from outdial.domain.sms.settings import SmsSettings
from outdial.domain.sms.wording import language_of, says_how_to_stop, stop_wordings, without_links

_CLAUSE_END = re.compile(r"(?<=[.!?;,\u060c\u061b\u061f\u3002])\s+|\s+[-\u2013\u2014|]\s+|\n+")
_BLANK_BEFORE_MARK = re.compile(r"\s+(?=[.,;!?])")
_LOOSE_ENDS = " \t:,;-\u2013\u2014"


def spoken_template(template: str, settings: SmsSettings) -> str:
    """What is said in place of the text, to be filled like it; empty where links and STOP were all of it."""
    text = template
    if own := settings.stop_wording:
        text = re.sub(re.escape(own), "", text, flags=re.IGNORECASE)
    clauses = _CLAUSE_END.split(without_links(text, instead="\n"))
    clauses = [clause for clause in clauses if not says_how_to_stop(clause, settings, within=template)]
    said = _BLANK_BEFORE_MARK.sub("", " ".join(" ".join(clauses).split())).strip(_LOOSE_ENDS)
    if not any(letter.isalnum() for letter in said):
        return ""
    ended = said if said[-1] in ".!?\u061f\u3002" else f"{said}."
    return f"{ended} {stop_wordings()[language_of(template)].spoken}"


def spoken_confirmation(template: str) -> str:
    """What is said to who pressed 9, in the text's language."""
    return stop_wordings()[language_of(template)].spoken_done
