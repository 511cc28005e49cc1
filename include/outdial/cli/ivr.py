"""`outdial ivr …`: look a flow over, draw it, walk it by keyboard, before anybody is called."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from outdial.cli.input_file import read_input_file
from outdial.cli.output import AsJson, print_json
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr_checks import flow_problems, flow_remarks
from outdial.domain.ivr_reading import WrittenFlow, read_flow

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Look a flow over before anybody is called."
)

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="A campaign, or a flow alone, as YAML or JSON.")
]


@app.command()
def check(
    file: File,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask web servers and the storage for the audio.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Name everything that is wrong with a flow, by its node; exits 1 if there is anything."""
    written = _read(file)
    problems = written if isinstance(written, list) else _problems(written, offline=offline)
    remarks = [] if isinstance(written, list) else flow_remarks(written.flow)
    if as_json:
        print_json({"valid": not problems, "problems": problems, "remarks": remarks})
    else:
        for problem in problems:
            print(f"outdial: {problem}", file=sys.stderr)
        for remark in remarks:
            print(f"remark: {remark}")
        if not problems:
            print(f"{file}: the flow can be spoken.")
    raise typer.Exit(1 if problems else 0)


@app.command()
def draw(
    file: File,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The SVG to write; - for standard output.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a flow as SVG; nodes with problems are marked."""
    from outdial.campaigns.flow_drawing.draw_flow import draw_flow  # noqa: PLC0415 - imported when called

    written = read_flow(read_input_file(file))
    svg = draw_flow(written.flow, written.name or file.stem)
    if output == Path("-"):
        print(svg, end="")
        return
    target = output or file.with_suffix(".svg")
    try:
        target.write_text(svg, "utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{target} cannot be written: {error.strerror}; name another with --output"
        ) from error
    if as_json:
        print_json({"svg": target})
    else:
        print(f"Drawn: {target}")


@app.command("try")
def try_(
    file: File,
    known: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="FIELD=VALUE", help="What is known of the contact, for branches."),
    ] = None,
    real_time: Annotated[
        bool,
        typer.Option("--real-time", help="Let the flow's own timeouts run, instead of waiting for Enter."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Walk a flow with the keyboard as keypad. What it would do is said, and not done."""
    from outdial.cli.ivr_keypad import open_keypad  # noqa: PLC0415 - imported when called
    from outdial.cli.ivr_try import try_flow  # noqa: PLC0415

    written = read_flow(read_input_file(file))
    metadata = dict(_pair(pair) for pair in known or [])
    with open_keypad(real_time=real_time) as keypad:
        tried = try_flow(written.flow, metadata, keypad, quiet=as_json)
    if as_json:
        print_json(tried)


def _read(file: Path) -> WrittenFlow | list[str]:
    try:
        return read_flow(read_input_file(file))
    except InvalidInput as error:
        return list(error.problems)


def _problems(written: WrittenFlow, *, offline: bool) -> list[str]:
    problems = flow_problems(written.flow)
    if offline:
        return problems
    from outdial.campaigns.audio import flow_audio_problems  # noqa: PLC0415 - imported when called
    from outdial.settings import load_settings  # noqa: PLC0415

    return problems + asyncio.run(flow_audio_problems(written.flow, load_settings().storage_url))


def _pair(written: str) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not equals or not name.strip():
        raise InvalidInput(f"--with {written!r} is no FIELD=VALUE; write one like language=he")
    return name.strip(), value
