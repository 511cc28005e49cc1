"""Keeps a carrier from being asked while its whole account is known to be refused or out of reach."""

from __future__ import annotations

import time

from outdial.domain.sms.delivery import TextFailure
from outdial.sms.carriers.carrier import NotTaken
from outdial.telemetry.logs import get_logger

LONGEST_REST_S = 300.0
"""A person may have mended it meanwhile: then the next texts show it."""

log = get_logger(__name__)


class Rest:
    """A wrong password or an empty account meets every text alike: after one of them a carrier is left alone.

    Being throttled is no reason to rest: it passes within a second.
    """

    def __init__(self, carrier: str) -> None:
        self._carrier = carrier
        self._ends_s = 0.0

    @property
    def is_over(self) -> bool:
        """May the carrier be asked?"""
        return time.monotonic() >= self._ends_s

    def begin_after(self, refusal: NotTaken) -> None:
        """Rest for as long as the refusal says, where it concerns all texts."""
        if refusal.failure is TextFailure.THROTTLED or refusal.retry_after_s is None:
            return
        rest_s = min(refusal.retry_after_s, LONGEST_REST_S)
        if self.is_over:
            log.warning("carrier rests", carrier=self._carrier, for_s=rest_s, reason=str(refusal))
        self._ends_s = time.monotonic() + rest_s
