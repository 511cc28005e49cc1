"""The call id names one originate; as AMI ChannelId it lets a restarted dialer ask what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class CallKey:
    """What a call id says."""

    campaign_id: UUID
    contact_id: UUID
    attempt_no: int

    def __str__(self) -> str:
        """The call id itself: `call-{campaignId}-{contactId}-{attemptNo}`."""
        return f"call-{self.campaign_id}-{self.contact_id}-{self.attempt_no}"
