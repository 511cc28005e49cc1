"""How a call goes out: over which trunk, and from which number. Part of begin attempt's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from outdial.domain.caller_ids import CallerId, Candidate, choose, fitting, spent_until
from outdial.domain.campaign import CampaignConfig
from outdial.domain.trunks import Trunk
from outdial.storage.caller_ids import CallerIdUses, note_use, read_uses, take_use
from outdial.storage.calls import count_trunk_calls
from outdial.storage.pool import Connection


@dataclass(frozen=True)
class Line:
    """A trunk and the caller ids that fit a contact; None where the campaign names none.

    `trunk_calls` are counted where the trunk has a ceiling; `uses` are those of caller ids with limits.
    """

    trunk: Trunk
    trunk_calls: int = 0
    caller_ids: Sequence[Candidate] | None = None
    uses: Mapping[str, CallerIdUses] = field(default_factory=dict[str, CallerIdUses])


def trunk_of(config: CampaignConfig, name: str) -> Trunk:
    """The campaign's trunk of this name; without limits where the campaign has just given it up."""
    return next((trunk for trunk in config.trunks if trunk.name == name), Trunk(name=name))


async def find_line(
    conn: Connection,
    config: CampaignConfig,
    trunk: Trunk,
    regions: Iterable[str],
    used_here: Mapping[str, datetime],
    now: datetime,
) -> Line:
    """How full the trunk is, and the caller ids that fit `regions`, with what their limits say at `now`.

    `used_here` is when this dialer last used each: of one without limits nothing is written down, so each
    dialer takes these in turn by itself.
    """
    trunk_calls = 0 if trunk.channels is None else await count_trunk_calls(conn, trunk.name)
    if not config.caller_ids:
        return Line(trunk, trunk_calls)
    fit = fitting(config.caller_ids, regions)
    limited = [one for one, _ in fit if one.limits]
    uses = await read_uses(conn, limited) if limited else {}
    candidates = [
        _candidate(one, how_well, uses.get(one.number), used_here.get(one.number), now)
        for one, how_well in fit
    ]
    return Line(trunk, trunk_calls, candidates, uses)


def _candidate(
    one: CallerId, fit: int, uses: CallerIdUses | None, used_here: datetime | None, now: datetime
) -> Candidate:
    if uses is None:
        return Candidate(one.number, fit, used_here)
    return Candidate(one.number, fit, uses.last_used_at, spent_until(one.limits, uses.earlier, now))


async def take_caller_id(conn: Connection, line: Line, now: datetime) -> tuple[bool, str | None]:
    """Use the caller id whose turn it is, and say which; None where the campaign names none.

    False where another campaign used it since the line was found: find the line anew.
    """
    chosen = choose(line.caller_ids or ())
    if chosen is None:
        return line.caller_ids is None, None
    seen = line.uses.get(chosen.number)
    if seen is not None:
        return await take_use(conn, seen, now), chosen.number
    await note_use(conn, chosen.number, now)
    return True, chosen.number
