"""Receipts and replies over HTTP, as Vonage posts them: again and again until somebody answers with 2xx."""

from __future__ import annotations

import asyncio
from datetime import datetime

import aiohttp

from outdial.simulator.person import dice
from outdial.simulator.sms.alphabet import Encoding, encoding_of, split
from outdial.simulator.sms.carrier import TextCarrier
from outdial.simulator.sms.signing import FIELD, signature
from outdial.simulator.sms.traffic import ReceiptDue, ReplyDue

_AT_ONCE = 32
_LONGEST_PAUSE_S = 60.0
_NETWORK = "99999"
PRICE = "0.03330000"


class WebhookDoor:
    """The way out of the HTTP door."""

    def __init__(self, carrier: TextCarrier, http: aiohttp.ClientSession) -> None:
        self._carrier = carrier
        self._http = http
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._nonces = dice(carrier.scenario.seed, "", 0, "nonces")
        self._joined_replies = 0

    def bring_receipt(self, receipt: ReceiptDue) -> None:
        account = self._carrier.texts.http
        url = receipt.of.callback or (account.receipt_url if account else "")
        fields = {
            "msisdn": receipt.of.to.removeprefix("+"),
            "to": receipt.of.sender,
            "network-code": _NETWORK,
            "messageId": receipt.message_id,
            "price": PRICE,
            "status": receipt.told.status,
            "scts": receipt.done_at.strftime("%y%m%d%H%M"),
            "err-code": str(receipt.told.err_code),
        }
        if receipt.of.reference:
            fields["client-ref"] = receipt.of.reference
        self._post(url, fields, receipt.done_at)

    def bring_reply(self, reply: ReplyDue) -> None:
        account = self._carrier.texts.http
        encoding = encoding_of(reply.text)
        parts = split(reply.text, encoding)
        self._joined_replies += len(parts) > 1
        for number, part in enumerate(parts, 1):
            fields = {
                "msisdn": reply.phone.removeprefix("+"),
                "to": reply.sent_to,
                "messageId": reply.message_id if number == 1 else self._carrier.new_id(),
                "text": part,
                "type": "unicode" if encoding is Encoding.UCS2 else "text",
                "keyword": (reply.text.split() or [""])[0].upper(),
            }
            if len(parts) > 1:
                fields |= {
                    "concat": "true",
                    "concat-ref": str(self._joined_replies),
                    "concat-total": str(len(parts)),
                    "concat-part": str(number),
                }
            self._post(account.reply_url if account else "", fields, reply.at)

    def _post(self, url: str, fields: dict[str, str], at: datetime) -> None:
        account = self._carrier.texts.http
        if not url or account is None:
            self._carrier.counters["webhooks_without_url"] += 1
            return
        fields |= {"api-key": account.key, "message-timestamp": at.strftime("%Y-%m-%d %H:%M:%S")}
        if account.signature_secret:
            fields |= {
                "timestamp": str(int(at.timestamp())),
                "nonce": f"{self._nonces.getrandbits(128):032x}",
            }
            fields[FIELD] = signature(fields, account.signature_secret)
        self._carrier.later.spawn(self._until_taken(url, fields))

    async def _until_taken(self, url: str, fields: dict[str, str]) -> None:
        for nth in range(self._carrier.texts.webhook_tries):
            async with self._turns:
                if await self._is_taken(url, fields):
                    self._carrier.counters["acknowledged"] += 1
                    return
            self._carrier.counters["webhooks_not_taken"] += 1
            await asyncio.sleep(min(self._carrier.texts.webhook_backoff_s * 2**nth, _LONGEST_PAUSE_S))
        self._carrier.counters["webhooks_given_up"] += 1

    async def _is_taken(self, url: str, fields: dict[str, str]) -> bool:
        timeout = aiohttp.ClientTimeout(total=self._carrier.texts.webhook_timeout_s)
        try:
            async with self._http.post(url, json=fields, timeout=timeout, allow_redirects=False) as answer:
                return answer.ok
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return False

    def reset(self) -> None:
        """Posts under way are forgotten with everything else that the carrier does later."""
