"""Keeps a carrier from being asked while its whole account is known to be refused or out of reach."""

from __future__ import annotations

import time

from outdial.domain.sms.delivery import TextFailure
from outdial.sms.carriers.carrier import NotTaken


class Rest:
    """A wrong password or an empty account meets every text alike: after one of them a carrier is left alone.

    Being throttled is no reason to rest: it passes within a second.
    """

    def __init__(self) -> None:
        self._ends_s = 0.0

    @property
    def is_over(self) -> bool:
        """May the carrier be asked?"""
        return time.monotonic() >= self._ends_s

    def begin_after(self, refusal: NotTaken) -> None:
        """Rest for as long as the refusal says, where it concerns all texts."""
        if refusal.failure is not TextFailure.THROTTLED and refusal.retry_after_s is not None:
            self._ends_s = time.monotonic() + refusal.retry_after_s
