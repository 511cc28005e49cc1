"""By voice or by text: where a contact begins, and when one channel is followed by the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from outdial.domain.dispositions import Disposition
from outdial.domain.sms.delivery import TextFailure, TextState


class Channel(StrEnum):
    """How a contact is reached."""

    VOICE = "voice"
    SMS = "sms"


class LineType(StrEnum):
    """What is known of a contact's line. In North America the numbering plan does not tell."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    UNKNOWN = "unknown"


CampaignType = Literal["voice", "sms", "hybrid"]

Fallback = Literal["none", "landline", "unreached", "always"]
"""When the other channel follows: where the line takes no texts; where the first channel reached nobody;
whatever came of the first."""

_NEVER_FOLLOWED = frozenset({TextFailure.OPTED_OUT, TextFailure.INVALID_NUMBER})
"""Said no to the carrier, or is nobody's number: no reason to call."""

_NOBODY_THERE = frozenset({Disposition.INVALID_NUMBER})


@dataclass(frozen=True)
class PassedOn:
    """The other channel follows, not before `due_at`; it passes every gate anew."""

    channel: Channel
    due_at: datetime


@dataclass(frozen=True)
class Reach:
    """How a campaign reaches people: the channel it begins on, and when the other follows after `delay`."""

    first: Channel
    fallback: Fallback = "none"
    delay: timedelta = timedelta(0)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels in the order in which they are tried."""
        if self.fallback == "none":
            return (self.first,)
        return (self.first, Channel.SMS if self.first is Channel.VOICE else Channel.VOICE)

    def begins_on(self, line: LineType) -> Channel | None:
        """Where a new contact begins; None for a landline that is only to be texted."""
        if self.first is Channel.SMS and line is LineType.LANDLINE:
            return None if self.fallback == "none" else Channel.VOICE
        return self.first

    def call_follows(self, state: TextState, failure: TextFailure | None) -> bool:
        """Does a call follow a campaign's text that ended so?

        Not where nobody knows whether the text arrived, unless calls follow whatever came of it.
        """
        if self.first is not Channel.SMS or self.fallback == "none" or failure in _NEVER_FOLLOWED:
            return False
        if self.fallback == "always" or failure is TextFailure.LANDLINE:
            return True
        return self.fallback == "unreached" and state in {TextState.UNDELIVERED, TextState.REFUSED}

    def text_follows(self, last: Disposition, line: LineType, *, reached: bool) -> bool:
        """Does a text follow calls of which the last ended so, and none will follow?"""
        if self.first is not Channel.VOICE or line is LineType.LANDLINE or last in _NOBODY_THERE:
            return False
        return self.fallback == "always" or (self.fallback == "unreached" and not reached)
