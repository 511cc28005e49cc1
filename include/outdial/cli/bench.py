"""`outdial bench`: what the real parts do under a known load, beside something to compare them with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from outdial.bench.dialer import Measured
    from outdial.bench.servers import SqsKind
    from outdial.bench.sms import TextsMeasured
    from outdial.bench.sms_kills import KillsMeasured

app = typer.Typer(add_completion=False, no_args_is_help=True)

CEILING = (150, 200, 250, 300, 400, 500)


class Telephony(StrEnum):
    """What carries the calls."""

    ASTERISK = "asterisk"
    SIMULATOR = "simulator"


class Sqs(StrEnum):
    """What carries the tasks."""

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


@app.command()
def sms(
    texts: Annotated[int, typer.Option(min=100, help="How many texts wait in SQS at the beginning.")] = 5000,
    seconds: Annotated[
        float, typer.Option(min=1, help="How long texts come evenly, after those that waited.")
    ] = 20,
    per_second: Annotated[
        float | None, typer.Option(help="How many of those a second. Default: half of what it sent before.")
    ] = None,
    sqs: Annotated[
        Sqs,
        typer.Option(help="moto, as one machine has it, or fauxqs (from npm), which keeps up with more."),
    ] = Sqs.MOTO,
    window: Annotated[int, typer.Option(min=1, max=1000, help="Texts that may be unanswered at once.")] = 50,
    kills: Annotated[
        int, typer.Option(min=0, help="Instead: kill the gateway with -9 so often while it sends the texts.")
    ] = 0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Send texts to a simulated carrier with the gateway, then with a bare SMPP client, and compare."""
    if kills:
        _kill(sqs.value, (texts, kills), window, as_json=as_json)
        return
    from outdial.bench.sms import TextLoad, bench_sms  # noqa: PLC0415 - imported when called
    from outdial.domain.clock import utc_now  # noqa: PLC0415

    load = TextLoad(texts, seconds, window, per_second)
    measured = asyncio.run(bench_sms(sqs.value, load, utc_now, _sayer(as_json=as_json)))
    print(json.dumps(asdict(measured)) if as_json else _shown_texts(measured))


def _kill(sqs: SqsKind, load: tuple[int, int], window: int, *, as_json: bool) -> None:
    from outdial.bench.sms_kills import bench_kills  # noqa: PLC0415 - imported when called
    from outdial.domain.clock import utc_now  # noqa: PLC0415

    say = _sayer(as_json=as_json)
    measured = asyncio.run(
        bench_kills(sqs, load, utc_now, window, lambda n, after: say(f"Kill {n}, after {after} texts."))
    )
    print(json.dumps(asdict(measured)) if as_json else _shown_kills(measured))
    if not measured.is_sound:
        raise typer.Exit(1)


def _sayer(*, as_json: bool) -> Callable[[str], None]:
    def say(step: str) -> None:
        if not as_json:
            print(step, flush=True)

    return say


def _shown_texts(one: TextsMeasured) -> str:
    waits, bare = one.waits, one.bare
    lines = [
        f"\nGateway: {one.per_second:.0f} texts a second; "
        + ", ".join(f"{n} {state}" for state, n in one.states.items()),
        f"Bare client: {bare['texts_per_second']:.0f} a second, {bare['cpu_share']:.0%} of a core",
        f"Gateway ÷ bare: {one.ratio:.2f}",
        "CPU: "
        + ", ".join(f"{name} {share:.0%}" for name, share in one.cpu.items())
        + f"; the machine in all {one.machine_cpu:.0%}",
    ]
    told = one.receipts
    lines.append(
        f"At {one.steady_per_second:.0f} a second, dispatch → carrier: p50 {waits.p50_ms:.0f} ms, "
        f"p99 {waits.p99_ms:.0f} ms, max {waits.max_ms:.0f} ms"
    )
    lines.append(
        f"Meanwhile {told.per_second:.0f} receipts a second: {told.given} given, {told.kept} counted, "
        f"{told.of_nobody} of no text"
    )
    return "\n".join(lines)


def _shown_kills(one: KillsMeasured) -> str:
    unknown = sum(kill.unknown for kill in one.kills)
    had = sum(kill.taken for kill in one.kills)
    each = " ".join(f"{kill.unknown}/{kill.taken}" for kill in one.kills)
    return (
        f"\n{one.texts} texts in {one.seconds:.0f} s: the carrier took {one.taken}, {one.taken_twice} twice, "
        f"{one.never_taken} never.\n"
        f"Unknown to us: {unknown}, of which the carrier had {had}; by gateway (unknown/had): {each}\n"
        f"Texts: {', '.join(f'{n} {state}' for state, n in one.states.items())}\n"
        f"Contacts: {', '.join(f'{n} {stands}' for stands, n in one.contacts.items())}\n"
        + ("Nobody was texted twice, and nobody lost." if one.is_sound else "This is not as it must be.")
    )


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
