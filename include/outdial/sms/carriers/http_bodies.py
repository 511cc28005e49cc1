"""Reads bodies of HTTP messages within bounds, as the HTTP carrier's answers and webhooks come."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import StreamReader

from outdial.domain.errors import InvalidInput

MOST_FIELDS = 100
_CHUNK_OCTETS = 16 * 1024
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


async def read_within(stream: StreamReader, most_octets: int) -> bytes | None:
    """The whole body; None, as soon as it is known, where it is larger."""
    body = bytearray()
    async for chunk in stream.iter_chunked(_CHUNK_OCTETS):
        body += chunk
        if len(body) > most_octets:
            return None
    return bytes(body)


def read_fields(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a form or of a JSON object, each as it was written; raises InvalidInput."""
    if content_type not in {_FORM, _JSON}:
        raise InvalidInput(f"the body is {content_type}: send {_JSON} or {_FORM}")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("the body is not UTF-8") from error
    return read_form(text) if content_type == _FORM else _read_json(text)


def read_form(text: str) -> dict[str, str]:
    """The fields of a form or of a URL's query; raises InvalidInput."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise InvalidInput(f"the form is not readable: {error}") from error
    return _each_once(pairs)


def _read_json(text: str) -> dict[str, str]:
    # Numbers keep their spelling: signatures are made of what was written.
    try:
        read = json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the JSON is not readable: {error}") from error
    if not isinstance(read, list) or not text.lstrip().startswith("{"):
        raise InvalidInput("the JSON is not an object")
    if len(read) > MOST_FIELDS:
        raise InvalidInput(f"the JSON has more than {MOST_FIELDS} fields")
    return _each_once((name, _as_written(name, value)) for name, value in read)


def _as_written(name: str, value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case None:
            return ""
        case _:
            raise InvalidInput(f"`{name}` holds several values")


def _each_once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise InvalidInput(f"`{name}` stands twice")
        fields[name] = value
    return fields
