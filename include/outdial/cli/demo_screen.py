"""How the demo looks: a table that moves on a terminal, one readable line every few seconds in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from outdial.campaigns.progress import Progress
from outdial.reports.figures import Totals
from outdial.reports.wording import counted
from outdial.standalone.demo import Show

_LINE_EVERY_S = 2.5
_SAME_LINE_EVERY_S = 10


@contextmanager
def open_screen(*, quiet: bool) -> Generator[Show]:
    """Shows progress in the way that fits standard output, or not at all."""
    if quiet:
        yield _show_nothing
    elif sys.stdout.isatty():
        with Live(console=Console(), refresh_per_second=4) as live:
            yield lambda progress, elapsed_s: live.update(_progress_table(progress, elapsed_s))
    else:
        yield _line_shower()


def _show_nothing(_progress: Progress, _elapsed_s: float) -> None: ...


def _line_shower() -> Show:
    shown_at = float("-inf")
    shown: Progress | None = None

    def show(progress: Progress, elapsed_s: float) -> None:
        nonlocal shown_at, shown
        every_s = _SAME_LINE_EVERY_S if progress == shown else _LINE_EVERY_S
        if elapsed_s - shown_at >= every_s:
            shown_at, shown = elapsed_s, progress
            print(progress_line(progress, elapsed_s), flush=True)

    return show


def progress_line(progress: Progress, elapsed_s: float) -> str:
    """Everything in one line, states first."""
    states = ", ".join(f"{count} {name}" for name, count in _states(progress))
    return (
        f"{elapsed_s:5.0f} s  {progress.completion_percent:5.1f} %  {states}; "
        f"{counted(progress.originates, 'call')} at "
        f"{progress.calls_per_second:.1f}/s, {progress.answered} answered, {progress.live} now"
    )


def totals_text(totals: Totals) -> str:
    """The report's totals for a person."""
    contacts, calls = totals.contacts, totals.calls
    outcomes = sorted(calls.by_disposition.items(), key=lambda item: -item[1])
    seen = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in outcomes if count)
    lines = (
        ("People", f"{contacts.total}: {contacts.completed} completed, {contacts.failed} given up,"),
        ("", f"{contacts.blacklisted} blacklisted, {contacts.waiting + contacts.pending} still to call"),
        ("Calls", f"{calls.originates}: {seen}"),
        ("Answers", f"{calls.answered}, {_percent(totals.rates.answer_rate)} of attempts"),
        ("", f"{calls.converted} converted, {calls.opted_out} opted out"),
        (
            "Reached",
            f"{calls.contacts_reached} of {counted(calls.contacts_called, 'person', 'people')} called",
        ),
    )
    return "\n".join(f"  {title:8} {text}" for title, text in lines)


def _states(progress: Progress) -> list[tuple[str, int]]:
    """The list by state, adding up to its length; who waits for a retry apart from who is given up."""
    return [
        ("to call", progress.pending),
        ("in progress", progress.in_progress),
        ("waiting to retry", progress.waiting),
        ("completed", progress.completed),
        ("given up", progress.failed - progress.waiting),
        ("blacklisted", progress.blacklisted),
    ]


def _progress_table(progress: Progress, elapsed_s: float) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("elapsed", f"{elapsed_s:.0f} s")
    bar = ProgressBar(
        total=max(progress.total, 1), completed=progress.completion_percent * progress.total / 100
    )
    table.add_row("campaign", bar, f"{progress.completion_percent:.1f} %")
    for name, count in _states(progress):
        table.add_row(name, str(count))
    table.add_row("calls", f"{progress.originates}, {progress.calls_per_second:.1f} per second")
    table.add_row("calls now", str(progress.live))
    table.add_row("answered", str(progress.answered))
    return table


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"
