"""`outdial sms …`: what a text costs, how a reply is read, and the replies that came."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from outdial.cli.field_values import FieldValues, read_field_values
from outdial.cli.output import AsJson, print_json
from outdial.cli.sms_output import lines_of_parts, lines_of_reply
from outdial.cli.sms_replies import app as replies_app
from outdial.domain.errors import InvalidInput
from outdial.domain.sms.encoding import SplitText, split_text
from outdial.domain.sms.keywords import OwnWords, keywords_with
from outdial.domain.sms.plain import ForcingCharacter, forcing_characters, in_plain_characters, parts_without
from outdial.domain.sms.replies import read_reply
from outdial.domain.sms.template import message_for, message_problem
from outdial.domain.templates import ValueMissing

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Look texts over before they are sent, and replies when they come.",
)
app.add_typer(replies_app, name="replies")


@app.command()
def parts(
    text: Annotated[
        str | None, typer.Argument(help="The text; {{firstName|friend}} stands for a field.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file with the text, in UTF-8.")
    ] = None,
    known: FieldValues = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Plain quotes, dashes and spaces for typographic ones.")
    ] = False,
    price: Annotated[str | None, typer.Option(help="What a part costs, in any currency.")] = None,
    people: Annotated[int | None, typer.Option(min=1, help="To how many people it goes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say in how many parts a text goes, what makes them more, and what they cost."""
    template = _template(text, file)
    metadata = read_field_values(known)
    split = _split(metadata, template, plain=False)
    as_sent = _split(metadata, template, plain=True) if plain else split
    answer = _answer(split, as_sent) | _costs(as_sent, _price(price), people)
    if as_json:
        print_json(answer)
    else:
        print("\n".join(lines_of_parts(answer)))


@app.command()
def reply(
    text: Annotated[str, typer.Argument(help="What somebody wrote.")],
    *,
    stop: Annotated[list[str] | None, typer.Option(help="A campaign's own word for STOP.")] = None,
    start: Annotated[list[str] | None, typer.Option(help="A campaign's own word for START.")] = None,
    help_word: Annotated[
        list[str] | None, typer.Option("--help-word", help="A campaign's own word for HELP.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a reply asks for, and which of its words decide."""
    own = OwnWords(stop=tuple(stop or ()), start=tuple(start or ()), help=tuple(help_word or ()))
    found = read_reply(text, keywords_with(own))
    answer = {
        "kind": found.kind,
        "found": found.found,
        "language": found.language,
        "silences": found.silences,
    }
    if as_json:
        print_json(answer)
    else:
        print("\n".join(lines_of_reply(found)))


def _template(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise InvalidInput("give either a text or --file, one of them")
    template = text if file is None else _content(file)
    if problem := message_problem(template or ""):
        raise InvalidInput(f"the text {problem}")
    return template or ""


def _content(file: Path) -> str:
    """The file's text, without the end of its last line, which editors add."""
    try:
        return file.read_text("utf-8-sig").removesuffix("\n")
    except UnicodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 text: save it as UTF-8") from error


def _split(metadata: dict[str, str], template: str, *, plain: bool) -> SplitText:
    try:
        return message_for(metadata, template, plain=plain)
    except ValueMissing as error:
        raise InvalidInput(f"{error}; add --with FIELD=VALUE") from error
    except InvalidInput as error:
        raise InvalidInput(*(f"the text {problem}" for problem in error.problems)) from error


def _price(written: str | None) -> Decimal | None:
    if written is None:
        return None
    try:
        price = Decimal(written)
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or price < 0:
        raise InvalidInput(f"--price {written!r} is no price; write one like 0.0079")
    return price


def _answer(written: SplitText, sent: SplitText) -> dict[str, Any]:
    """What is sent, and what of the text as it is written makes that more than it need be."""
    before, after = "".join(written.parts), "".join(sent.parts)
    return {
        "encoding": sent.encoding,
        "parts": list(sent.parts),
        "part_count": len(sent.parts),
        "units": sent.units,
        "units_left": sent.units_left,
        "forced_by": [_shown(character) for character in forcing_characters(after)],
        "part_count_without": parts_without(after),
        "part_count_plain": len(split_text(in_plain_characters(after)).parts),
        "replaced": [_shown(each) for each in forcing_characters(before) if after != before and each.plain],
    }


def _shown(character: ForcingCharacter) -> dict[str, Any]:
    return {
        "position": character.position,
        "character": character.character,
        "name": character.name,
        "plain": character.plain,
    }


def _costs(sent: SplitText, price: Decimal | None, people: int | None) -> dict[str, Any]:
    cost = None if price is None else sent.cost(price)
    return {
        "price": price,
        "cost": cost,
        "people": people,
        "all_parts": None if people is None else people * len(sent.parts),
        "all_cost": None if people is None or cost is None else people * cost,
    }
