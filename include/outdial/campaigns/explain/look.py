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
from outdial.domain.channels import Channel
from outdial.domain.outlook import Reason
from outdial.storage.campaign_changes import CampaignChange
from outdial.storage.campaigns import Campaign, CampaignRun
from outdial.storage.claims import Standing
from outdial.storage.explain import Outbox, PaceClock, TextsUnderWay, Traffic
from outdial.storage.pace_factors import PaceFactor
from outdial.storage.preview import DialersSeen
from outdial.storage.preview_texts import OpenedCarrier

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
class Texting:
    """How texts get on: claims on their way, those under way, what came of the latest, and the carrier."""

    outbox: Outbox
    under_way: TextsUnderWay
    traffic: Traffic
    endings: Mapping[tuple[str, str], int]
    carrier: OpenedCarrier | None


@dataclass(frozen=True)
class Look:
    """Everything the chain is judged by, as one snapshot saw it. `max_cps` is of all dialers together.

    `texting` is None for a campaign that sends no texts.
    """

    campaign: Campaign
    run: CampaignRun | None
    last_change: CampaignChange | None
    registry_problems: Sequence[str]
    outlooks: Sequence[Outlooks]
    standing: Standing
    lines: Lines
    outbox: Outbox
    texting: Texting | None
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
        """Contacts that could be claimed for a call now."""
        return self._count(Reason.CAN_BE_CALLED)

    @property
    def can_be_texted(self) -> int:
        """Contacts that could be claimed for a text now."""
        return self._count(Reason.CAN_BE_TEXTED)

    @property
    def calls(self) -> bool:
        """Whether the campaign calls anybody."""
        return Channel.VOICE in self.campaign.reach.channels or self.can_be_called > 0

    @property
    def what(self) -> str:
        """What the campaign begins."""
        return "calls and texts" if self.calls and self.texting else "texts" if self.texting else "calls"

    @property
    def stops(self) -> State:
        """What is said of a link that only one of the campaign's channels depends on."""
        return "waits" if self.calls and self.texting else "stops"

    def _count(self, reason: Reason) -> int:
        return sum(one.contacts for one in self.outlooks if one.reason is reason)

    @property
    def cps(self) -> float:
        """The pace the campaign may have."""
        return cps_in_force(self.campaign, self.max_cps, {one.key: one.factor for one in self.lowered})

    @property
    def dag(self) -> str:
        """The campaign's DAG in Airflow."""
        return f"campaign__{self.campaign.slug}"
