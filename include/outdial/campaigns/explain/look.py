"""What an explanation is made of: one finding for each link of the chain, and the look they are judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.campaigns.pace_in_force import cps_in_force
from outdial.campaigns.preview.outlooks import Outlooks
from outdial.domain.outlook import Reason
from outdial.storage.campaign_changes import CampaignChange
from outdial.storage.campaigns import Campaign, CampaignRun
from outdial.storage.claims import Standing
from outdial.storage.explain import Outbox, PaceClock, Traffic
from outdial.storage.pace_factors import PaceFactor
from outdial.storage.preview import DialersSeen

State = Literal["stops", "waits", "note", "fine"]


class Finding(BaseModel):
    """One link. `stops`: no call begins because of it; `waits`: fewer do; `note`: worth knowing."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    about: str
    state: State
    text: str
    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None


@dataclass(frozen=True)
class Lines:
    """Calls on each trunk with a ceiling, and until when caller ids are spent that are so for a while."""

    trunk_calls: Mapping[str, int]
    spent: Mapping[str, datetime]


@dataclass(frozen=True)
class Look:
    """Everything the chain is judged by, as one snapshot saw it. `max_cps` is of all dialers together."""

    campaign: Campaign
    run: CampaignRun | None
    last_change: CampaignChange | None
    registry_problems: Sequence[str]
    outlooks: Sequence[Outlooks]
    standing: Standing
    lines: Lines
    outbox: Outbox
    dialers: DialersSeen
    pace: PaceClock
    lowered: Sequence[PaceFactor]
    traffic: Traffic
    endings: dict[str, int]
    max_cps: float
    horizon_s: float
    now: datetime

    @property
    def can_be_called(self) -> int:
        """Contacts that could be claimed now."""
        return sum(one.contacts for one in self.outlooks if one.reason is Reason.CAN_BE_CALLED)

    @property
    def cps(self) -> float:
        """The pace the campaign may have."""
        return cps_in_force(self.campaign, self.max_cps, {one.key: one.factor for one in self.lowered})

    @property
    def dag(self) -> str:
        """The campaign's DAG in Airflow."""
        return f"campaign__{self.campaign.slug}"
