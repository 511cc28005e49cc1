"""The `outdial` command: finds the command that was asked for and says in one line what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from outdial.cli.faults import problems_of
from outdial.cli.output import print_error_json

COMMANDS = {
    "standalone": "Everything on one machine: start, stop, demo.",
    "doctor": "Check every dependency and say what to fix.",
    "campaign": "Create, look at and steer campaigns.",
    "contacts": "Import contact lists.",
    "blacklist": "Numbers that must not be called.",
    "ivr": "Check, draw and try the flow of a call.",
    "speak": "Hear a text as people would on the telephone.",
    "sms": "What a text costs, and how a reply is read.",
    "windows": "Open or closed at a moment, why, and when next.",
    "model": "When people answer: train on a history, score contacts.",
    "pace": "How fast calls may go now, and why.",
    "sms-gateway": "Send the texts dispatch asks for, until told to stop.",
    "dialer": "Place the calls dispatch asks for, until told to stop.",
    "bench": "Measure the real parts under load.",
    "simulator": "A phone network for people who have none.",
}
"""Every command and its line in `outdial --help`; the module of the same name is imported when called."""

INTERRUPTED = 130


class LazyGroup(TyperGroup):
    """Imports `outdial.cli.<command>` only when that command runs, so that help costs nothing."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer keeps these classes private
        """Put the command itself in the place of its line in the list."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed and _load(args[0]), rest


def _load(name: str) -> Any:  # noqa: ANN401 - as above
    module = import_module(f"outdial.cli.{name.replace('-', '_')}")
    command = get_command(getattr(module, "app", None) or _as_app(getattr(module, name.replace("-", "_"))))
    command.name = name
    return command


def _as_app(function: Any) -> typer.Typer:  # noqa: ANN401 - any command function
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return app


app = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True)


@app.callback()
def outdial() -> None:
    """Outbound voice and SMS campaigns on Apache Airflow. Every command takes --json."""


def _listed() -> None: ...


for _name, _help in COMMANDS.items():
    app.command(_name, help=_help)(_listed)


def main() -> None:
    """Run the command line of this process and exit."""
    sys.exit(run(sys.argv[1:]))


def run(args: Sequence[str]) -> int:
    """Run one command; returns its exit code: 0 done, 1 failed, 2 asked for wrongly."""
    try:
        code = get_command(app).main(args=list(args), prog_name="outdial", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        print("outdial: interrupted", file=sys.stderr)
        return INTERRUPTED
    except typer.TyperException as error:
        return _fail([error.format_message()], args, error.exit_code)
    except Exception as error:
        problems = problems_of(error)
        if problems is None:
            raise
        return _fail(problems, args, 1)
    return code if isinstance(code, int) else 0


def _fail(problems: Sequence[str], args: Sequence[str], code: int) -> int:
    for problem in problems:
        if problem:  # help that was printed because nothing was asked for says no more
            print(f"outdial: {problem}", file=sys.stderr)
    if "--json" in args:
        print_error_json(problems)
    return code
