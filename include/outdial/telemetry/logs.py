"""One event per line, with phone numbers masked wherever they stand."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Digits after a plus, as E.164 has them. Event values, messages and tracebacks all pass through here.
_E164 = re.compile(r"\+(\d{7,15})")
_KEPT_HEAD = 3
_KEPT_TAIL = 2


def mask_numbers(text: str) -> str:
    """Hide all but the first three and last two digits of every E.164 number in `text`."""

    def masked(match: re.Match[str]) -> str:
        digits = match.group(1)
        hidden = "*" * (len(digits) - _KEPT_HEAD - _KEPT_TAIL)
        return f"+{digits[:_KEPT_HEAD]}{hidden}{digits[-_KEPT_TAIL:]}"

    return _E164.sub(masked, text)


def _mask(value: Any) -> Any:  # noqa: ANN401 - a log value is anything
    match value:
        case str():
            return mask_numbers(value)
        case dict():
            return {key: _mask(item) for key, item in value.items()}
        case list() | tuple():
            return [_mask(item) for item in value]
        case None | bool() | int() | float():
            return value
        case _:
            return mask_numbers(str(value))


def _mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _mask(value) for key, value in event.items()}


def configure_logging(component: str, log_format: str = "text") -> None:
    """Send this process's logs to stderr, structlog's and the standard library's alike, masked.

    `log_format` is "text" for people or "json" for collectors.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _mask_event,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(component=component)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are key-value pairs: `log.info("call begun", call_id=…)`."""
    return structlog.stdlib.get_logger(name)
