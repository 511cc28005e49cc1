"""The pace in words, for `outdial pace`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from outdial.cli.paragraphs import paragraph
from outdial.pacing.requests import ALL
from outdial.storage.pace_factors import PaceChange, PaceFactor, PaceWatch

NOBODY_LOOKS_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class PaceSeen:
    """Everything the answer is made of. `slugs` are campaigns' by the key of their pace."""

    max_cps: float
    metrics_url: str
    lowered: Sequence[PaceFactor]
    changes: Sequence[PaceChange]
    watch: PaceWatch | None
    slugs: Mapping[str, str]
    now: datetime

    def name_of(self, key: str) -> str:
        """A pace as people write it: campaigns by their slug."""
        return f"campaign:{self.slugs[key]}" if key in self.slugs else key


def share(factor: float) -> str:
    """A factor as people read it."""
    return f"{factor * 100:.3g}%"


def pace_lines(seen: PaceSeen) -> Iterator[str]:
    """The answer."""
    yield from _in_force(seen)
    yield ""
    yield from _watched(seen)
    if seen.changes:
        yield from ("", "Last changes, newest first (UTC)")
    for change in seen.changes:
        by = f" ({change.changed_by})" if change.changed_by else ""
        head = f"  {change.at:%Y-%m-%d %H:%M:%S}  "
        step = f"{seen.name_of(change.key)} {share(change.before)} → {share(change.after)}"
        yield paragraph(f"{step}: {change.reason}{by}", head)


def _in_force(seen: PaceSeen) -> Iterator[str]:
    if not seen.lowered:
        yield f"Every pace is whole: up to {seen.max_cps:g} calls a second, all campaigns together."
    for one in seen.lowered:
        calls = f" ({one.factor * seen.max_cps:.3g} of {seen.max_cps:g} calls a second)"
        text = (
            f"{share(one.factor)}{calls if one.key == ALL else ''} since {one.since:%Y-%m-%d %H:%M:%S} UTC. "
        )
        yield paragraph(text + one.why, f"{seen.name_of(one.key)}  ", "    ")


def _watched(seen: PaceSeen) -> Iterator[str]:
    watch = seen.watch
    if watch is None or seen.now - watch.looked_at > NOBODY_LOOKS_AFTER:
        since = f" since {watch.looked_at:%Y-%m-%d %H:%M:%S} UTC" if watch else ""
        yield f"No dialer judges the pace{since}: it stays as it is. Is a dialer running?"
        return
    cpu = "not known" if watch.cpu_share is None else f"{watch.cpu_share:.0%} busy"
    cpu = (
        cpu
        if seen.metrics_url or watch.cpu_share is not None
        else "not read (TELEPHONY_METRICS_URL is not set)"
    )
    ping = "not known" if watch.ping_s is None else f"{watch.ping_s * 1000:.0f} ms"
    ago_s = max((seen.now - watch.looked_at).total_seconds(), 0)
    yield f"Judged {ago_s:.0f} s ago. The telephony host's CPU: {cpu}. Asterisk's answers: {ping}."
    for problem in watch.problems:
        last = f" Last known {watch.cpu_read_at:%Y-%m-%d %H:%M:%S} UTC." if watch.cpu_read_at else ""
        yield paragraph(f"{problem.rstrip('.')}. Nothing rises without it.{last}", "! ")
