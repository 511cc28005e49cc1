"""The call id names one originate; as AMI ChannelId it lets a restarted dialer ask what became of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_CALL_ID = re.compile(rf"call-(?P<campaign>{_UUID})-(?P<contact>{_UUID})-(?P<attempt>\d{{1,4}})")


@dataclass(frozen=True)
class CallKey:
    """What a call id says."""

    campaign_id: UUID
    contact_id: UUID
    attempt_no: int

    def __str__(self) -> str:
        """The call id itself: `call-{campaignId}-{contactId}-{attemptNo}`."""
        return f"call-{self.campaign_id}-{self.contact_id}-{self.attempt_no}"


def parse_call_id(call_id: str) -> CallKey | None:
    """The parts of one of our call ids, or None for a channel that is not ours."""
    match = _CALL_ID.fullmatch(call_id)
    if match is None:
        return None
    return CallKey(UUID(match["campaign"]), UUID(match["contact"]), int(match["attempt"]))
