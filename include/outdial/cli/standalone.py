"""`outdial standalone …`: the whole stack on this machine, kept running, in the foreground, or as a demo."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from outdial.cli.output import AsJson, print_json, print_table
from outdial.domain.clock import utc_now
from outdial.settings import inherited_environment, outdial_home
from outdial.standalone.control import stack_state, start_stack, stop_stack
from outdial.standalone.part import PartFailed
from outdial.standalone.serve import Announce, run_until_signal, running_stack
from outdial.standalone.stack import choose_telephony
from outdial.standalone.welcome import welcome, welcome_facts

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Everything on one machine: start, stop, demo."
)


OwnAsterisk = Annotated[
    bool,
    typer.Option(
        "--own-asterisk",
        help="Call through the Asterisk of AMI_HOST, AMI_PORT, AMI_USER and AMI_SECRET, not the simulator: "
        "real telephones ring, and texts go to the carriers of SMS_CARRIERS, where it is set.",
    ),
]


@app.command()
def start(own_asterisk: OwnAsterisk = False, as_json: AsJson = False) -> None:
    """Start everything and keep it running; data survives a stop."""
    _run(_start(choose_telephony(inherited_environment(), own_asterisk=own_asterisk), as_json=as_json))


@app.command()
def stop(as_json: AsJson = False) -> None:
    """Stop everything; does nothing where nothing runs."""
    stopped = asyncio.run(stop_stack(outdial_home()))
    if as_json:
        print_json({"stopped": stopped})
    else:
        print("Everything is stopped; the data stays." if stopped else "Nothing was running.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say what runs; exits 1 unless everything is ready."""
    state = stack_state(outdial_home())
    phase = state.phase if state else "stopped"
    parts = state.parts if state else {}
    if as_json:
        print_json({"phase": phase, "supervisor": state.supervisor if state else None, "parts": parts})
    else:
        print(f"{phase} in {outdial_home()}")
        print_table(("part", "process"), list(parts.items()))
    raise typer.Exit(0 if phase == "ready" else 1)


@app.command()
def run(own_asterisk: OwnAsterisk = False, as_json: AsJson = False) -> None:
    """Run everything in the foreground until Ctrl-C."""
    _run(_serve(choose_telephony(inherited_environment(), own_asterisk=own_asterisk), as_json=as_json))


@app.command()
def demo(as_json: AsJson = False) -> None:
    """Run one whole campaign from an empty folder to its report; leaves nothing running."""
    # Alone here, because it needs every room, and a stack must stop even where one of them is broken.
    from outdial.cli.demo import run_demo  # noqa: PLC0415

    _run(run_demo(_announcer(quiet=as_json), as_json=as_json))


async def _start(inherited: dict[str, str], *, as_json: bool) -> int:
    started = await start_stack(outdial_home(), inherited, _announcer(quiet=as_json))
    if as_json:
        print_json({"already_running": started.was_running, **welcome_facts(started.home)})
    else:
        print("It was already running." if started.was_running else "Everything is running.")
        print(welcome(started.home))
    return 0


async def _serve(inherited: dict[str, str], *, as_json: bool) -> int:
    announce = _announcer(quiet=as_json)
    async with running_stack(outdial_home(), inherited, utc_now, announce) as stack:
        if as_json:
            print_json(welcome_facts(stack.home))
        else:
            print(welcome(stack.home))
            print("Ctrl-C stops everything.", flush=True)
        await asyncio.Event().wait()
    return 0


def _run(main: Coroutine[Any, Any, int]) -> None:
    """Run until done or interrupted; a part that failed shows how its log ends before the error does."""
    try:
        code = run_until_signal(main)
    except PartFailed as error:
        if error.tail:
            print(error.tail, file=sys.stderr)
        raise
    raise typer.Exit(code)


def _announcer(*, quiet: bool) -> Announce:
    def announce(part: str) -> None:
        if not quiet:
            print(f"  {part} is ready", flush=True)

    return announce
