"""`outdial ivr …`: look a flow over, draw it, walk it by keyboard, before anybody is called."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from outdial.cli.field_values import FieldValues, read_field_values
from outdial.cli.input_file import read_input_file
from outdial.cli.output import AsJson, print_json
from outdial.domain.answering_machines import AnsweringMachines, machine_problems, machine_remarks
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr.checks import flow_problems, flow_remarks
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.reading import WrittenFlow, read_flow

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
        bool, typer.Option("--offline", help="Do not look for the audio, and do not try the voices.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Name everything that is wrong with a flow, by its node; exits 1 if there is anything."""
    written = _read(file)
    problems = written if isinstance(written, list) else _problems(written, offline=offline)
    remarks = [] if isinstance(written, list) else _remarks(written)
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
    known: FieldValues = None,
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
    metadata = read_field_values(known)
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
    if written.amd is not None:
        problems += [f"amd.{problem}" for problem in machine_problems(written.amd)]
    if offline:
        return problems
    return problems + asyncio.run(_problems_of_sound(written.flow, written.amd))


def _remarks(written: WrittenFlow) -> list[str]:
    remarks = flow_remarks(written.flow)
    if written.amd is not None:
        remarks += [f"amd.{remark}" for remark in machine_remarks(written.amd)]
    return remarks


async def _problems_of_sound(flow: IvrFlow, amd: AnsweringMachines | None) -> list[str]:
    from outdial.campaigns.audio import flow_audio_problems  # noqa: PLC0415 - imported when called
    from outdial.campaigns.spoken_texts import speech_problems  # noqa: PLC0415
    from outdial.settings import load_settings  # noqa: PLC0415

    settings = load_settings()
    return [
        *await flow_audio_problems(flow, settings.storage_url, amd),
        *await speech_problems(flow, replace(settings.speech, storage_url="")),
    ]
