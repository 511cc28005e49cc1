"""`outdial dialer`: the always-on process that places the calls."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from outdial.cli.faults import problems_of


def dialer(
    drain_timeout: Annotated[
        float,
        typer.Option(min=0, help="Seconds that live calls get to end by themselves after SIGTERM."),
    ] = 30.0,
    agi_host: Annotated[
        str | None,
        typer.Option(help="Address to listen on for Asterisk's FastAGI. Default: loopback or all."),
    ] = None,
    context: Annotated[
        str, typer.Option(help="Dialplan context that answered calls enter.")
    ] = "campaign-ivr",
    as_json: Annotated[bool, typer.Option("--json", help="Log as JSON, one object a line.")] = False,
) -> None:
    """Place the calls dispatch asks for. SIGTERM drains: live calls end first; a second one stops at once."""
    from outdial.dialer.process import DialerOptions, run_process  # noqa: PLC0415 - imported when called
    from outdial.settings import load_settings  # noqa: PLC0415
    from outdial.telemetry.logs import configure_logging, get_logger  # noqa: PLC0415

    settings = load_settings()
    configure_logging("dialer", "json" if as_json else settings.log_format)
    try:
        asyncio.run(run_process(settings, DialerOptions(drain_timeout, agi_host, context)))
    except asyncio.CancelledError:
        raise typer.Exit(1) from None
    except BaseExceptionGroup as group:
        # A supervisor starts the process anew; for whoever reads the log, the cause must be in it.
        if problems_of(group) is None:
            get_logger(__name__).exception("the dialer broke down")
        raise
