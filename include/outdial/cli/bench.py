"""`outdial bench`: what the real parts do under a known load, beside something to compare them with."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from outdial.bench.dialer import Measured

app = typer.Typer(add_completion=False, no_args_is_help=True)

CEILING = (150, 200, 250, 300, 400, 500)


class Telephony(StrEnum):
    """What carries the calls."""

    ASTERISK = "asterisk"
    SIMULATOR = "simulator"


class Sqs(StrEnum):
    """What carries the dial tasks."""

    MOTO = "moto"
    FAUXQS = "fauxqs"


@app.callback()
def bench() -> None:
    """Measure the real parts under load, on this machine."""


@app.command()
def dialer(
    telephony: Annotated[
        Telephony, typer.Option(help="A real Asterisk (fetched where missing), or the simulator.")
    ] = Telephony.ASTERISK,
    sqs: Annotated[
        Sqs,
        typer.Option(help="moto, as one machine has it, or fauxqs (from npm), which keeps up with more."),
    ] = Sqs.MOTO,
    cps: Annotated[
        list[float] | None, typer.Option(help="A rate in calls per second; repeatable. Default: 20, 50, 100.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=5, help="How long each rate is kept.")] = 60,
    ceiling: Annotated[
        bool, typer.Option("--ceiling", help="Then go upward until the rate is not kept up with.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each rate.")] = False,
) -> None:
    """Place calls at each rate with the dialer, then with a bare panoramisk client, and compare."""
    from outdial.bench.dialer import Sides, bench_dialer  # noqa: PLC0415 - imported when called
    from outdial.domain.clock import utc_now  # noqa: PLC0415

    sides = Sides(telephony.value, sqs.value)
    rates = [*(cps or [20, 50, 100]), *(CEILING if ceiling else ())]
    if not as_json:
        print(f"Each rate for {seconds:g} s on {telephony.value}; CPU in % of one core.", flush=True)
    measured = asyncio.run(bench_dialer(sides, rates, seconds, utc_now, _printer(as_json=as_json)))
    if not as_json and measured:
        print(_last_word(measured))


def _printer(*, as_json: bool) -> Any:  # noqa: ANN401 - a function of one Measured
    def show(one: Measured) -> None:
        print(json.dumps(asdict(one) | {"failed": one.failed}) if as_json else _shown(one), flush=True)

    return show


def _shown(one: Measured) -> str:
    waits = {
        "slot → originate": one.slot_to_originate,
        "SQS receipt → originate": one.receipt_to_originate,
        "FastAGI → first prompt": one.session_to_prompt,
    }
    bare = one.bare
    ours = f"{one.calls} calls: " + ", ".join(f"{calls} {ending}" for ending, calls in one.endings.items())
    lines = [f"\n{one.cps:g} a second, {ours}   (bare: {bare['calls']} calls: {bare['ended']} ended)"]
    lines += [
        f"  {name:24} p50 {spread.p50_ms:5.0f} ms   p99 {spread.p99_ms:5.0f} ms   max {spread.max_ms:5.0f} ms"
        for name, spread in waits.items()
    ]
    lines.append(
        f"  {'bare: due → originate':24} p50 {bare['late']['p50_ms']:5.0f} ms   "
        f"p99 {bare['late']['p99_ms']:5.0f} ms   max {bare['late']['max_ms']:5.0f} ms"
    )
    ratio = one.cpu.get("dialer", 0) / bare["cpu_share"] if bare["cpu_share"] else 0
    lines.append(
        f"  CPU: dialer {one.cpu.get('dialer', 0):.0%}, bare panoramisk {bare['cpu_share']:.0%} "
        f"(dialer ÷ bare {ratio:.1f})"
    )
    others = {name: share for name, share in one.cpu.items() if name != "dialer"}
    shares = ", ".join(f"{name} {share:.0%}" for name, share in others.items())
    return "\n".join([*lines, f"       {shares}; the machine in all {one.machine_cpu:.0%}"])


def _last_word(measured: list[Measured]) -> str:
    import os  # noqa: PLC0415

    last = measured[-1]
    if last.kept_up:
        return f"\nEvery rate was kept up with; {last.cps:g} a second is not the ceiling."
    cores = os.cpu_count() or 1
    busiest = max(last.cpu, key=lambda name: last.cpu[name])
    bound = (
        f"all {cores} cores of this machine were busy ({last.machine_cpu:.0%})"
        if last.machine_cpu > 0.9 * cores
        else f"{busiest} was the busiest with {last.cpu[busiest]:.0%} of a core"
    )
    return f"\n{last.cps:g} a second was not kept up with: {bound}."
