"""`outdial sms-gateway`: the always-on process that sends the texts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from outdial.cli.faults import problems_of


def sms_gateway(
    as_json: Annotated[bool, typer.Option("--json", help="Log as JSON, one object a line.")] = False,
) -> None:
    """Send the texts dispatch asks for; take receipts and replies. SIGTERM drains, a second stops at once."""
    from outdial.settings import load_settings  # noqa: PLC0415 - imported when called
    from outdial.sms.process import run_process  # noqa: PLC0415
    from outdial.telemetry.logs import configure_logging, get_logger  # noqa: PLC0415

    settings = load_settings()
    configure_logging("sms-gateway", "json" if as_json else settings.log_format)
    try:
        asyncio.run(run_process(settings))
    except asyncio.CancelledError:
        raise typer.Exit(1) from None
    except BaseExceptionGroup as group:
        # A supervisor starts the process anew; for whoever reads the log, the cause must be in it.
        if problems_of(group) is None:
            get_logger(__name__).exception("the gateway broke down")
        raise
