"""The hours and caps of the areas a campaign's contacts stand in, for its preview and its forecast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import takewhile

from outdial.domain.calling_rules import caps_for, timetables_for
from outdial.domain.calling_windows import next_opening
from outdial.domain.forecast import Span, open_spans
from outdial.domain.number_caps import NumberCaps
from outdial.domain.retries import CallingTime
from outdial.storage.campaigns import Campaign
from outdial.storage.contacts import Area
from outdial.storage.preview import ALWAYS, NEVER, AreaRules

NEAR = timedelta(days=14)
"""So far ahead every open stretch is looked up; most contacts can be called by then."""

BACK_FROM_THE_END = (timedelta(days=2), timedelta(days=16), timedelta(days=400))


@dataclass(frozen=True)
class Hours:
    """The hours of one or more areas, seen from `now`; `key` names them.

    `begins` is `now`, or the campaign's start where that is still to come.
    """

    key: int
    time: CallingTime
    now: datetime
    begins: datetime

    @cached_property
    def near(self) -> tuple[Span, ...]:
        """The open stretches that begin within the next days."""
        until = self.begins + NEAR
        return tuple(takewhile(lambda span: span.opens < until, self.spans()))

    @cached_property
    def ever_open(self) -> bool:
        """Whether there is any open moment, before the campaign's end or after."""
        return bool(self.near) or next_opening(self.time.timetables, self.time.zones, self.now) is not None

    @cached_property
    def last_closing(self) -> datetime:
        """From when on no window opens before the end; ALWAYS without end, NEVER where none opens."""
        end = self.time.end_time
        if end is None:
            return ALWAYS if self.ever_open else NEVER
        if end <= self.begins + NEAR:
            return _last_closing(self.near)
        for back in BACK_FROM_THE_END:
            closing = _last_closing(open_spans(self.time, max(self.begins, end - back)))
            if closing != NEVER:
                return closing
        return NEVER

    def spans(self) -> Iterator[Span]:
        """The open stretches, in order, as far as they are known."""
        return open_spans(self.time, self.begins)

    def opening(self, stretch: int | None, since: datetime) -> datetime:
        """When somebody who may be called from `since` on, before the end of this stretch, can be."""
        if stretch is not None and stretch < len(self.near):
            return max(since, self.near[stretch].opens)
        return next_opening(self.time.timetables, self.time.zones, since, self.time.end_time) or since


@dataclass(frozen=True)
class AreaHours:
    """One area of a campaign."""

    area_id: int
    area: Area
    hours: Hours
    caps: NumberCaps

    @property
    def rules(self) -> AreaRules:
        """What SQL is told of it."""
        closings = [span.closes or ALWAYS for span in self.hours.near]
        return AreaRules(self.area_id, self.caps, closings, self.hours.last_closing)


def hours_of_areas(
    campaign: Campaign, areas: Mapping[int, Area], area_ids: Iterable[int], now: datetime
) -> dict[int, AreaHours]:
    """Each area's hours and caps; areas whose rules are alike share one `Hours`."""
    begins = max(now, campaign.start_time or now)
    shared: dict[object, Hours] = {}
    found: dict[int, AreaHours] = {}
    for area_id in sorted(area_ids):
        area = areas[area_id]
        timetables = timetables_for(campaign.config, area.regions)
        rules = (timetables, area.zones)
        if rules not in shared:
            time = CallingTime(timetables, area.zone_infos, campaign.end_time)
            shared[rules] = Hours(len(shared), time, now, begins)
        found[area_id] = AreaHours(area_id, area, shared[rules], caps_for(campaign.config, area.regions))
    return found


def _last_closing(spans: Iterable[Span]) -> datetime:
    last = NEVER
    for span in spans:
        last = span.closes or ALWAYS
    return last
