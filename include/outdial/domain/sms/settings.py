"""What a campaign says of its texts, beside the text itself."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from outdial.domain.sms.keywords import OwnWords, own_word_problems
from outdial.domain.written import Written

_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_NAME = re.compile(r"[A-Za-z0-9 &._-]{1,11}")


def _is_sender(written: str) -> str:
    if _NUMBER.fullmatch(written) or (_NAME.fullmatch(written) and re.search("[A-Za-z]", written)):
        return written
    raise ValueError(
        "a sender is a number as +12025550123, a short code as 72345, or a name of up to 11 letters"
    )


def _are_own_words(words: OwnWords) -> OwnWords:
    if problems := own_word_problems(words):
        raise ValueError("; ".join(problems))
    return words


Sender = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_is_sender)]
Answer = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]


class SmsSettings(Written):
    """`config.sms` of a campaign file.

    `receiptWaitSeconds` is how long a text that the carrier took may wait for its receipt before the contact
    is done without one. `stopWording` is put on a line of its own below the text, where it is not in it.
    """

    carrier: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")] | None = None
    sender: Sender | None = None
    stop_wording: Annotated[str, StringConstraints(strip_whitespace=True, max_length=160)] | None = None
    plain_characters: bool = True
    track_links: bool = True
    link_days: int = Field(default=30, ge=1, le=366)
    receipt_wait_seconds: float = Field(default=120, ge=0, le=7 * 86400)
    validity_hours: float = Field(default=24, gt=0, le=72)
    price_per_part: Decimal | None = Field(default=None, ge=0, max_digits=12)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    reply_words: Annotated[OwnWords, AfterValidator(_are_own_words)] = Field(default_factory=OwnWords)
    confirmation_text: Answer | None = None
    start_text: Answer | None = None
    help_text: Answer | None = None
