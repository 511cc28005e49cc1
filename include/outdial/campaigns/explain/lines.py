"""Whether the trunks have channels left and the numbers to call from uses, by calls of all campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from outdial.campaigns.explain.look import Finding, Lines, Look
from outdial.domain.caller_ids import spent_until
from outdial.domain.campaign import CampaignConfig
from outdial.reports.wording import counted
from outdial.storage.caller_ids import read_uses
from outdial.storage.calls import count_trunk_calls
from outdial.storage.pool import Connection

A_MOMENT = timedelta(seconds=10)
"""A number that is free again sooner only keeps its pace."""


async def read_lines(conn: Connection, config: CampaignConfig, now: datetime) -> Lines:
    """As they stand at `now`."""
    ceilings = [trunk.name for trunk in config.trunks if trunk.channels is not None]
    limited = [one for one in config.caller_ids if one.limits]
    uses = await read_uses(conn, limited) if limited else {}
    until = {one.number: spent_until(one.limits, uses[one.number].earlier, now) for one in limited}
    return Lines(
        {name: await count_trunk_calls(conn, name) for name in ceilings},
        {number: at for number, at in until.items() if at is not None and at - now > A_MOMENT},
    )


def trunks(look: Look) -> Iterator[Finding]:
    """Trunks all of whose channels are taken."""
    named, calls = look.campaign.config.trunks, look.lines.trunk_calls
    full = [one for one in named if one.channels is not None and calls[one.name] >= one.channels]
    if not full:
        return
    taken = ", ".join(f"{trunk.name} {calls[trunk.name]} of {trunk.channels}" for trunk in full)
    if len(full) == len(named):
        text = f"All channels are taken, by calls of all campaigns: {taken}."
        action = "wait for calls to end, add a trunk, or raise its channels"
        yield Finding(about="trunks", state="waits", text=text, action=action)
    else:
        text = f"Calls go over the other trunks, as these have no channel left: {taken}."
        yield Finding(about="trunks", state="note", text=text)


def caller_ids(look: Look) -> Iterator[Finding]:
    """Numbers to call from that were used as often as they may be."""
    spent, named = look.lines.spent, look.campaign.config.caller_ids
    if not spent:
        return
    until = min(spent.values())
    if len(spent) == len(named):
        text = "Every caller id was used as often as it may be, by calls of all campaigns."
        action = "wait, add caller ids, or raise their dailyCap or cps"
        yield Finding(about="callerIds", state="waits", text=text, until=until, action=action)
    else:
        those = f"of {len(named)} caller ids"
        one, many = f"{those} was used as often as it may be", f"{those} were used as often as they may be"
        text = f"{counted(len(spent), one, many)}."
        yield Finding(about="callerIds", state="note", text=text, until=until)
