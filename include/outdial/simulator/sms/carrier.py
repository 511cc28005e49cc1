"""The carrier behind both doors: takes texts, and has receipts, replies and opened links come of them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from outdial.simulator.scenario import Scenario
from outdial.simulator.sms.alphabet import Encoding
from outdial.simulator.sms.joining import Joined, Joining
from outdial.simulator.sms.later import Later
from outdial.simulator.sms.outcomes import ON_ITS_WAY, Refusal, Told
from outdial.simulator.sms.plan import PartPlan, TextPlan, plan_part, plan_text
from outdial.simulator.sms.scenario import Texts
from outdial.simulator.sms.seen import ReceiptSeen, ReplySeen, TextRefused, TextSeen
from outdial.simulator.sms.traffic import Door, ReceiptDue, ReplyDue, Submitted, Taken, Wanted

if TYPE_CHECKING:
    from outdial.simulator.exchange import Exchange

_DELIVERED = 2  # SMPP's message_state


class TextCarrier:
    """All of it runs on the loop of the network of calls, and writes to the same ledger."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.texts: Texts = exchange.scenario.texts
        self.later = Later()
        self.doors: dict[str, Door] = {}
        self.counters: Counter[str] = Counter()
        self.is_down = False
        self.is_cut = False
        self.opens_links: Callable[[str, str, TextPlan], None] | None = None
        self._joining = Joining()
        self._texts_to: Counter[str] = Counter()
        self._submits_to: Counter[str] = Counter()
        self._last_written_to: dict[str, Submitted] = {}
        self._lately: dict[str, deque[float]] = {}
        self._begun_at = int(exchange.epoch_s())
        self._ids = 0

    @property
    def scenario(self) -> Scenario:
        return self._exchange.scenario

    @property
    def unjoined(self) -> int:
        """Texts of which a part is missing."""
        return len(self._joining)

    @property
    def is_busy(self) -> bool:
        """Is anything still to come of the texts that were taken?"""
        return len(self.later) > 0

    def epoch_s(self) -> float:
        return self._exchange.epoch_s()

    def change(self, changes: dict[str, Any]) -> None:
        """Other shares, delays or outcomes from now on, until `reset`. Raises ValidationError."""
        self.texts = Texts.model_validate(self.texts.model_dump() | changes)

    def new_id(self) -> str:
        """16 hexadecimal digits, never again the same, also after a restart."""
        self._ids += 1
        return f"{self._begun_at:08X}{self._ids:08X}"

    def take(self, submitted: Submitted) -> Taken | Refusal:
        """Take one submit, on record before it is answered; or say why not."""
        nth = self._submits_to[submitted.to]
        self._submits_to[submitted.to] += 1
        part = plan_part(self.scenario, self.texts, submitted.to, nth)
        refusal = self._refusal(submitted, part)
        if refusal is not None:
            return self._refuse(submitted, refusal)
        joined = self._joined(submitted)
        if joined.plan.outcome.refused is not None:
            self._joining.end(submitted)
            return self._refuse(submitted, joined.plan.outcome.refused)
        ids = tuple(self.new_id() for _ in submitted.bodies)
        self._put(joined, submitted, ids)
        for message_id in ids:
            self._plan_receipts(submitted, message_id, joined.plan.outcome.told, part)
        hold_s = max(part.answer_delay_s, self.texts.early_s if part.early else 0.0)
        self.counters["lost_responses"] += part.lost
        return Taken(ids, hold_s, part.lost)

    def _refusal(self, submitted: Submitted, part: PartPlan) -> Refusal | None:
        if self.is_down:
            return Refusal.DOWN
        if part.throttled or not self._has_room(submitted):
            return Refusal.THROTTLED
        return None

    def _has_room(self, submitted: Submitted) -> bool:
        """At most so many parts of an account in any second."""
        if not submitted.parts_per_second:
            return True
        now = asyncio.get_running_loop().time()
        lately = self._lately.setdefault(f"{submitted.carrier} {submitted.account}", deque())
        while lately and lately[0] <= now - 1:
            lately.popleft()
        if len(lately) + len(submitted.bodies) > max(submitted.parts_per_second, 1):
            return False
        lately.extend(now for _ in submitted.bodies)
        return True

    def _refuse(self, submitted: Submitted, reason: Refusal) -> Refusal:
        self.counters[f"refused_{reason}"] += 1
        refused = TextRefused(
            self.epoch_s(), submitted.carrier, submitted.account, submitted.sender, submitted.to, reason
        )
        self._exchange.ledger.note_texting(refused)
        return reason

    def _joined(self, submitted: Submitted) -> Joined:
        found = self._joining.find(submitted)
        if found is not None:
            return found
        nth = self._texts_to[submitted.to]
        self._texts_to[submitted.to] += 1
        return self._joining.begin(submitted, plan_text(self.scenario, self.texts, submitted.to, nth))

    def _put(self, joined: Joined, submitted: Submitted, ids: tuple[str, ...]) -> None:
        self.counters["parts"] += len(ids)
        if not joined.add(submitted, ids):
            self.counters["parts_twice"] += 1
        if joined.is_whole:
            self._joining.end(submitted)
            self._arrive(joined, submitted)

    def _arrive(self, joined: Joined, submitted: Submitted) -> None:
        plan = joined.plan
        self.counters["texts"] += 1
        self._exchange.ledger.note_texting(
            TextSeen(
                at=self.epoch_s(),
                carrier=submitted.carrier,
                account=submitted.account,
                sender=submitted.sender,
                to=submitted.to,
                text=joined.text,
                parts=joined.total,
                encoding=submitted.encoding,
                message_ids=joined.message_ids,
                outcome=plan.outcome.name,
                reference=submitted.reference,
                validity=submitted.validity,
            )
        )
        self._last_written_to[submitted.to] = submitted
        if not plan.outcome.reached:
            return
        if plan.reply:
            self.later.call(plan.reply_delay_s, partial(self._write_back, submitted, plan.reply))
        if plan.clicks and self.opens_links is not None:
            self.opens_links(submitted.to, joined.text, plan)

    def _plan_receipts(
        self, submitted: Submitted, message_id: str, told: Told | None, part: PartPlan
    ) -> None:
        if told is None or submitted.wanted is Wanted.NONE:
            return
        if submitted.wanted is Wanted.FAILURES and told.state == _DELIVERED:
            return
        tell = partial(self._tell, submitted, message_id, self._exchange.clock())
        if part.on_its_way:
            self.later.call(0.0 if part.early else part.receipt_delay_s / 2, partial(tell, ON_ITS_WAY))
        if part.early:
            tell(told)
        else:
            self.later.call(part.receipt_delay_s, partial(tell, told))
        if part.second_delay_s is not None:
            self.later.call(part.second_delay_s, partial(tell, told))

    def _tell(self, submitted: Submitted, message_id: str, submitted_at: datetime, told: Told) -> None:
        self.counters["receipts"] += 1
        seen = ReceiptSeen(
            self.epoch_s(), submitted.carrier, submitted.account, message_id, submitted.to, told.stat
        )
        self._exchange.ledger.note_texting(seen)
        receipt = ReceiptDue(message_id, submitted, told, submitted_at, self._exchange.clock())
        self.doors[submitted.carrier].bring_receipt(receipt)

    def write(self, phone: str, text: str, to: str = "", carrier: str = "") -> str:
        """Have a person write now; returns the text's id.

        It goes to who wrote to them last, or to our number `to` over `carrier` ("smpp", "http"). Raises
        ValueError where that is nobody.
        """
        last = self._last_written_to.get(phone)
        if last is None or (carrier and carrier != last.carrier):
            last = self._stranger(phone, to, carrier)
        return self._write_back(last, text, to)

    def _stranger(self, phone: str, to: str, carrier: str) -> Submitted:
        accounts = list(self.texts.accounts)
        if carrier == "http":
            accounts = [self.texts.http.key] if self.texts.http else []
        if not to or not accounts or (carrier or "smpp") not in self.doors:
            raise ValueError(f"reply: nobody has written to {phone} yet; name our number in `to`")
        return Submitted(carrier or "smpp", accounts[0], to, phone, (), Encoding.GSM7)

    def _write_back(self, last: Submitted, text: str, to: str = "") -> str:
        sent_to = to or last.sender
        reply = ReplyDue(self.new_id(), last.account, last.to, sent_to, text, self._exchange.clock())
        self.counters["replies"] += 1
        seen = ReplySeen(self.epoch_s(), last.carrier, last.account, last.to, sent_to, text, reply.message_id)
        self._exchange.ledger.note_texting(seen)
        self.doors[last.carrier].bring_reply(reply)
        return reply.message_id

    def reset(self) -> None:
        """Forget the past, what is under way and every fault."""
        self.texts = self.scenario.texts
        self.is_down = self.is_cut = False
        self.later.forget_all()
        for forgetful in (
            self.counters,
            self._texts_to,
            self._submits_to,
            self._last_written_to,
            self._lately,
        ):
            forgetful.clear()
        self._joining.clear()
        for door in self.doors.values():
            door.reset()
