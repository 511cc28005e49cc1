"""A carrier of texts that speaks SMPP 3.4; opened by the gateway."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from outdial.domain.clock import Clock
from outdial.domain.sms.delivery import TextFailure
from outdial.sms.carriers.carrier import Declined, Inbox, NotTaken, OutgoingText, Unsure
from outdial.sms.carriers.smpp_deliveries import Deliveries
from outdial.sms.carriers.smpp_link import LinkTimes, SmppLink, SmppLogin
from outdial.sms.carriers.smpp_pdu import Status, first_word
from outdial.sms.carriers.smpp_receipts import IdForm, ReceiptHabits
from outdial.sms.carriers.smpp_statuses import refusal
from outdial.sms.carriers.smpp_submission import submissions
from outdial.sms.carriers.smpp_wire import LinkDown, NoAnswer

NAME = "smpp"
ANSWERS_WITHIN_S = 9.5
WINDOW_S = 3.0
"""How long a text waits for room in the window; after that it is not sent."""

_RETRY_AFTER_S = 10.0
_TRIES_OF_A_LATER_PART = 4
_BETWEEN_TRIES_S = 1.0

Write = Callable[[int], bytes]


@dataclass(frozen=True)
class SmppAddress:
    """Where the carrier is, who we are to it and what is agreed with it.

    `window` is how many messages may be unanswered at once; `region` (ISO 3166) is for numbers that come
    without a country code; `failures` are by the `err` of receipts, which every carrier numbers its own way.
    """

    host: str
    port: int
    system_id: str
    password: SecretStr
    system_type: str = ""
    parts_per_second: float = 10
    window: int = 50
    tls: bool = False
    confirms_stop: bool = False
    id_form: IdForm = IdForm.SAME
    region: str | None = None
    failures: Mapping[int, TextFailure] = field(default_factory=dict[int, TextFailure])


@asynccontextmanager
async def open_smpp(
    settings: SmppAddress,
    clock: Clock,
    randomness: random.Random,
    *,
    times: LinkTimes | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[SmppCarrier]:
    """The carrier at `settings`; `randomness` spreads reconnects. It is up once its `run` has bound."""
    times = times or LinkTimes()
    context = (tls or ssl.create_default_context()) if settings.tls else None
    login = SmppLogin(
        settings.host, settings.port, settings.system_id, settings.password, settings.system_type, context
    )
    habits = ReceiptHabits(settings.id_form, settings.failures)
    deliveries = Deliveries(NAME, habits, settings.region, clock)
    link = SmppLink(login, times, settings.window, deliveries.take, randomness)
    yield SmppCarrier(settings, link, deliveries, times)


class SmppCarrier:
    """The Carrier of `open_smpp`."""

    gives_receipts = True

    def __init__(
        self, settings: SmppAddress, link: SmppLink, deliveries: Deliveries, times: LinkTimes
    ) -> None:
        self.name = NAME
        self.parts_per_second = settings.parts_per_second
        self.most_in_flight = settings.window
        self.confirms_stop = settings.confirms_stop
        self._id_form = settings.id_form
        self._answer_s = times.answer_s
        self._link = link
        self._deliveries = deliveries

    @property
    def is_up(self) -> bool:
        """Are we bound?"""
        return self._link.is_up

    async def submit(self, text: OutgoingText) -> Sequence[str]:
        """Have the text carried; returns the carrier's ids of its parts, none for those it gave none.

        Of a text of several parts, the others follow once the first was taken, and then there is no way
        back: with some of them missing it raises Unsure.
        """
        first, *others = submissions(text)
        ends_at = asyncio.get_running_loop().time() + ANSWERS_WITHIN_S
        outcomes: list[str | Unsure | NotTaken | Declined] = [await self._submit_part(first, ends_at)]
        async with asyncio.TaskGroup() as tasks:
            rest = [tasks.create_task(self._insist(part, ends_at)) for part in others]
        outcomes += [task.result() for task in rest]
        message_ids = [outcome for outcome in outcomes if isinstance(outcome, str)]
        if len(message_ids) < len(outcomes):
            reason = next(str(outcome) for outcome in outcomes if not isinstance(outcome, str))
            said = f"{len(message_ids)} of {len(outcomes)} parts were taken: {reason}"
            raise Unsure(said, [message_id for message_id in message_ids if message_id])
        return [message_id for message_id in message_ids if message_id]

    async def run(self, inbox: Inbox) -> None:
        """Keep the link up and bring receipts and replies to `inbox`, until cancelled; then it is unbound."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._link.run())
            tasks.create_task(self._deliveries.run(inbox))

    async def _submit_part(self, write: Write, ends_at: float) -> str:
        left_s = ends_at - asyncio.get_running_loop().time()
        try:
            answer = await self._link.ask(write, min(WINDOW_S, left_s), min(self._answer_s, left_s))
        except LinkDown as error:
            raise NotTaken(TextFailure.CARRIER_DOWN, str(error), _RETRY_AFTER_S) from error
        except NoAnswer as error:
            raise Unsure(str(error)) from error
        if answer.command_status != Status.OK:
            raise refusal(answer.command_status)
        return self._id_form.of_answer(first_word(answer.body))

    async def _insist(self, write: Write, ends_at: float) -> str | Unsure | NotTaken | Declined:
        outcome: str | Unsure | NotTaken | Declined = ""
        for attempt in range(_TRIES_OF_A_LATER_PART):
            try:
                return await self._submit_part(write, ends_at)
            except NotTaken as error:
                outcome = error
                pause_s = _BETWEEN_TRIES_S * (attempt + 1)
            except (Unsure, Declined) as error:
                return error
            if asyncio.get_running_loop().time() + pause_s >= ends_at:
                break
            await asyncio.sleep(pause_s)
        return outcome
