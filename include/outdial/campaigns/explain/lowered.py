"""Whether a campaign's calls go slowly because a pace was lowered, and why it was."""

from __future__ import annotations

from collections.abc import Iterator

from outdial.campaigns.explain.look import Finding, Look
from outdial.campaigns.pace_in_force import keys_of


def lowered(look: Look) -> Iterator[Finding]:
    """Every pace of the campaign's calls that is not whole."""
    whose = keys_of(look.campaign)
    for one in look.lowered:
        if one.key in whose:
            what = whose[one.key]
            text = f"{what[0].upper()}{what[1:]} go at {one.factor:.0%} of their pace: {one.why.rstrip('.')}."
            action = f"`outdial pace release {one.key}`" if one.is_held else "see `outdial pace`"
            yield Finding(about="pace", state="waits", text=text, since=one.since, action=action)
