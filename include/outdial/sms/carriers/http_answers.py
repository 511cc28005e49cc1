"""What the HTTP carrier's answers to a text mean: which status says what, in Vonage's SMS API.

Statuses are those of Vonage's table of SMS API errors, and those of its older ones, which other carriers of
the same shape still give.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus

from pydantic import BaseModel, Field, ValidationError

from outdial.domain.errors import OutdialError
from outdial.domain.sms.delivery import TextFailure
from outdial.sms.carriers.carrier import Declined, NotTaken, Unsure

ACCOUNT_REST_S = 300.0
"""After what only a person can mend: credit, credentials, an address."""
_THROTTLED_S = 1.0
_BUSY_S = 5.0
_TAKEN = "0"

_throttled = partial(NotTaken, TextFailure.THROTTLED, retry_after_s=_THROTTLED_S)
_account = partial(NotTaken, TextFailure.CARRIER_DOWN, retry_after_s=ACCOUNT_REST_S)
_REFUSALS: dict[str, Callable[[str], OutdialError]] = {
    "1": _throttled,
    "2": partial(Declined, TextFailure.OTHER),  # a parameter is missing
    "3": partial(Declined, TextFailure.OTHER),  # a parameter is invalid
    "4": _account,  # credentials
    # "5", an error inside the platform, says nothing of what became of the text.
    "6": partial(Declined, TextFailure.INVALID_NUMBER),  # a prefix that nobody knows
    "7": partial(Declined, TextFailure.OPTED_OUT),  # the number is on the carrier's list
    "8": _account,  # suspended
    "9": partial(NotTaken, TextFailure.NO_CREDIT, retry_after_s=ACCOUNT_REST_S),
    "10": partial(NotTaken, TextFailure.THROTTLED, retry_after_s=_BUSY_S),  # too many connections
    "11": _account,  # not enabled for HTTP
    "12": partial(Declined, TextFailure.BAD_CONTENT),  # too long
    "13": partial(NotTaken, TextFailure.CARRIER_DOWN, retry_after_s=_BUSY_S),  # "was not submitted"
    "14": _account,  # our signature
    "15": partial(Declined, TextFailure.BAD_SENDER),
    "16": partial(Declined, TextFailure.OTHER),  # time to live
    "17": partial(Declined, TextFailure.FILTERED),  # blocked by the provider
    "19": _account,  # a facility that the account has not
    "20": partial(Declined, TextFailure.BAD_CONTENT),  # message class
    "22": partial(Declined, TextFailure.INVALID_NUMBER),  # no such network in the number's country
    "23": _account,  # the address for receipts
    "29": partial(Declined, TextFailure.OTHER),  # a trial account, and the number is not on its list
    "32": _account,  # signed, and with a secret beside it
    "33": partial(Declined, TextFailure.INVALID_NUMBER),  # the number is no longer in service
    "34": partial(Declined, TextFailure.INVALID_NUMBER),
}
_WAIT_MS = re.compile(r"\[\s*(\d{1,6})\s*\]")


class _Part(BaseModel):
    status: str = Field(coerce_numbers_to_str=True)
    message_id: str = Field("", alias="message-id", coerce_numbers_to_str=True)
    error_text: str = Field("", alias="error-text")


class _Answer(BaseModel):
    messages: list[_Part] = Field(min_length=1)


def read_answer(body: bytes) -> Sequence[str]:
    """The ids of the parts, all of which were taken; raises NotTaken, Declined or Unsure."""
    try:
        parts = _Answer.model_validate_json(body).messages
    except ValidationError as error:
        raise Unsure("the HTTP carrier's answer is not in the form of Vonage's SMS API") from error
    ids = tuple(part.message_id for part in parts if part.status == _TAKEN)
    if not all(ids):
        raise Unsure("the HTTP carrier took the text and gave it no id", tuple(filter(None, ids)))
    refused = [part for part in parts if part.status != _TAKEN]
    if not refused:
        return ids
    if ids:
        said = refusal_of(refused[0].status, refused[0].error_text)
        raise Unsure(
            f"the HTTP carrier took {len(ids)} of {len(parts)} parts; of another it said: {said}", ids
        )
    raise max((refusal_of(part.status, part.error_text) for part in refused), key=_weight)


def refusal_of(status: str, error_text: str = "") -> OutdialError:
    """What a status other than 0 means for a part; Unsure for one that is not in the table."""
    said = f"the HTTP carrier answered {status}: {error_text or 'it gave no reason'}"
    refusal = _REFUSALS.get(status, Unsure)(said)
    wait = _WAIT_MS.search(error_text)
    if isinstance(refusal, NotTaken) and refusal.failure is TextFailure.THROTTLED and wait:
        refusal.retry_after_s = max(int(wait[1]) / 1000, 0.05)  # "please wait [ 250 ] and retry"
    return refusal


def refusal_of_http(status: int, retry_after: str | None) -> OutdialError:
    """What an HTTP status other than 200 means for the text."""
    said = f"the HTTP carrier answered HTTP {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotTaken(TextFailure.THROTTLED, said, _seconds(retry_after) or _THROTTLED_S)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and retry_after is not None:
        return NotTaken(TextFailure.CARRIER_DOWN, said, _seconds(retry_after) or _BUSY_S)
    if status in {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }:
        return Declined(TextFailure.OTHER, said)
    never_worked_on = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if never_worked_on and status != HTTPStatus.REQUEST_TIMEOUT:
        return _account(f"{said}: check SMS_HTTP_URL, SMS_HTTP_KEY and SMS_HTTP_SECRET")
    return Unsure(said)


def _weight(refusal: OutdialError) -> int:
    """Of several refusals the one that leaves least to hope for."""
    return (NotTaken, Declined, Unsure).index(type(refusal))


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After may also hold a date: then our own delay does."""
    is_number = retry_after is not None and retry_after.isascii() and retry_after.isdigit()
    return min(float(retry_after or 0), ACCOUNT_REST_S) if is_number else None
