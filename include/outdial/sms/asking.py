"""Asks a carrier to take a text, and says in our words what came of it."""

from __future__ import annotations

import asyncio

from outdial.attempts.begin_texts import BegunText
from outdial.attempts.settle_texts import TextOutcome
from outdial.domain.clock import Clock
from outdial.domain.sms.delivery import TextState
from outdial.sms.carriers.carrier import Carrier, Declined, NotTaken, OutgoingText, Unsure
from outdial.telemetry.logs import get_logger

ANSWER_TIMEOUT_S = 15.0
"""Carriers answer within 10 s; one that does not leaves the outcome unknown."""

log = get_logger(__name__)


async def ask(carrier: Carrier, text: BegunText, clock: Clock) -> TextOutcome:
    """Have a text carried, once. Whatever goes wrong beyond what carriers may say leaves it unknown."""
    outgoing = OutgoingText(
        text.record_id.hex, text.phone, text.sender, text.split, round(text.validity.total_seconds())
    )
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            message_ids = await carrier.submit(outgoing)
    except NotTaken as answer:
        return TextOutcome(
            text.record_id,
            TextState.NOT_TAKEN,
            clock(),
            answer.failure,
            str(answer),
            retry_after_s=answer.retry_after_s,
        )
    except Declined as answer:
        return TextOutcome(text.record_id, TextState.REFUSED, clock(), answer.failure, str(answer))
    except Unsure as answer:
        return TextOutcome(
            text.record_id, TextState.UNKNOWN, clock(), said=str(answer), message_ids=answer.message_ids
        )
    except TimeoutError:
        return TextOutcome(text.record_id, TextState.UNKNOWN, clock(), said="no answer in time")
    except Exception:
        log.exception("a carrier broke down over a text", carrier=carrier.name)
        return TextOutcome(text.record_id, TextState.UNKNOWN, clock(), said="the carrier's code broke down")
    return TextOutcome(
        text.record_id,
        TextState.SENT,
        clock(),
        message_ids=tuple(message_ids),
        receipts_come=carrier.gives_receipts,
    )
