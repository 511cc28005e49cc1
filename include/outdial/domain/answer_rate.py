"""The least share of a campaign's calls that people must answer, below which it is slowed down.

A share that falls is most often a caller id marked as unwanted, which more calls make worse. What is usual
differs from list to list, so there is no floor unless the campaign names one.
"""

from __future__ import annotations

from pydantic import Field

from outdial.domain.written import Written


class AnswerRateFloor(Written):
    """`share` of the calls begun within `window_minutes`; nothing is judged by fewer than `minimum_calls`.

    Twenty calls and half an hour are what other dialers ask for before they believe an answer rate.
    """

    share: float = Field(gt=0, lt=1)
    minimum_calls: int = Field(20, ge=10, le=5000)
    window_minutes: float = Field(30, ge=1, le=1440)
