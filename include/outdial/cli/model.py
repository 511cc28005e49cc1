"""`outdial model`: train the call-hour model and score contacts with it, on files, without the database."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from outdial.cli.output import AsJson, print_json
from outdial.domain.clock import utc_now
from outdial.domain.errors import InvalidInput

app = typer.Typer(add_completion=False, no_args_is_help=True)

Attempts = Annotated[
    Path, typer.Option(help="CSV or Parquet: contact_id, attempted_at (UTC), timezone, answered; segments.")
]


@app.callback()
def model() -> None:
    """At which hour each person is likely to answer: train and score."""


@app.command()
def train(
    *,
    attempts: Attempts,
    out: Annotated[Path, typer.Option(help="The folder to write the model into.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed and attempts give the same model.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Learn from a history of attempts."""
    with _in_one_sentence():
        from ml.train import train_on_file  # noqa: PLC0415 - numpy and scikit-learn cost every command a second

        metadata = train_on_file(attempts, out, seed=seed, trained_at=utc_now())
    if as_json:
        print_json(metadata)
        return
    print(
        f"Trained on {metadata['attempts']:,} attempts, {metadata['answers']:,} answered, "
        f"from {metadata['from']} until {metadata['until']}: {metadata['kind']}, in {out}"
    )


@app.command()
def score(
    *,
    model: Annotated[Path, typer.Option(help="The folder a model was trained into.")],
    contacts: Annotated[Path, typer.Option(help="CSV or Parquet: contact_id, timezone; segments.")],
    attempts: Attempts,
    on: Annotated[str, typer.Option(help="The local date, as 2026-03-01.")],
    out: Annotated[Path, typer.Option(help="The CSV or Parquet to write: contact_id, p00 … p23.")],
    as_json: AsJson = False,
) -> None:
    """Write how likely each contact answers at each local hour of a date."""
    with _in_one_sentence():
        from ml.score import score_files  # noqa: PLC0415 - as above

        scored = score_files(model, contacts, attempts, _date(on), out)
    if as_json:
        print_json({"out": out, **vars(scored)})
        return
    print(f"Scored {scored.contacts:,} contacts, {scored.with_history:,} of them with a history: {out}")
    if scored.missing_traits:
        print(f"The model also knows {', '.join(scored.missing_traits)}, which the contacts do not say.")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"--on {text} is no date: write it like 2026-03-01") from error


@contextmanager
def _in_one_sentence() -> Generator[None]:
    from ml.columns import Unusable  # noqa: PLC0415 - as above

    try:
        yield
    except Unusable as error:
        raise InvalidInput(str(error)) from error
