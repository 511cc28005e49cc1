"""The SMPP door: submit_sm becomes a text, and receipts and replies become deliver_sm."""

from __future__ import annotations

import re
from datetime import datetime

from outdial.simulator.sms import pdu
from outdial.simulator.sms.alphabet import (
    OCTETS_OF_A_PART,
    SEPTETS_OF_A_PART,
    Encoding,
    decode,
    encode,
    encoding_of,
    split,
)
from outdial.simulator.sms.carrier import TextCarrier
from outdial.simulator.sms.mailbox import Mailbox
from outdial.simulator.sms.outcomes import ON_ITS_WAY, Refusal
from outdial.simulator.sms.pdu import MalformedPdu, Status, Tag
from outdial.simulator.sms.traffic import ReceiptDue, ReplyDue, Submitted, Taken, Wanted

SMPP = "smpp"

_NUMBER = re.compile(r"[1-9][0-9]{6,14}")
_TIME = re.compile(r"(\d{12})\d\d\d[+\-R]")
_RECEIPT, _NOTICE, _HEADER = 0x04, 0x20, 0x40
_UCS2 = 8
_ENCODINGS = {0: Encoding.GSM7, 1: Encoding.GSM7, _UCS2: Encoding.UCS2}
_WANTED = (Wanted.NONE, Wanted.ALL, Wanted.FAILURES, Wanted.NONE)
_GSM_NETWORK = 3

STATUS_OF = {
    Refusal.BAD_NUMBER: Status.BAD_NUMBER,
    Refusal.BAD_SENDER: Status.BAD_SENDER,
    Refusal.BARRED: Status.SUBMIT_FAILED,
    Refusal.NO_CREDIT: Status.SUBMIT_FAILED,
    Refusal.TOO_LONG: Status.BAD_LENGTH,
    Refusal.THROTTLED: Status.THROTTLED,
    Refusal.DOWN: Status.SYSTEM_ERROR,
}


class SmppDoor:
    """Knows texts and mailboxes, and nothing of sockets."""

    def __init__(self, carrier: TextCarrier) -> None:
        self.carrier = carrier
        self._mailboxes: dict[str, Mailbox] = {}
        self._joined_replies = 0

    @property
    def undelivered(self) -> int:
        """Receipts and replies that nobody has acknowledged."""
        return sum(mailbox.undelivered for mailbox in self._mailboxes.values())

    def mailbox_of(self, account: str) -> Mailbox:
        if account not in self._mailboxes:
            carrier = self.carrier
            self._mailboxes[account] = Mailbox(lambda: carrier.texts, carrier.later, carrier.counters)
        return self._mailboxes[account]

    def may_bind(self, system_id: str, password: str) -> Status:
        account = self.carrier.texts.accounts.get(system_id)
        if account is None:
            return Status.BAD_SYSTEM_ID
        return Status.OK if account.password == password else Status.BAD_PASSWORD

    def submit(self, account: str, body: bytes) -> Taken | Status:
        """Take one submit_sm, or answer with a status."""
        try:
            submitted = self._read(account, pdu.read_submit(body))
        except MalformedPdu as malformed:
            self.carrier.counters["malformed"] += 1
            return malformed.status
        answer = self.carrier.take(submitted)
        return STATUS_OF[answer] if isinstance(answer, Refusal) else answer

    def _read(self, account: str, submit: pdu.Submit) -> Submitted:
        to = submit.to.removeprefix("+")
        _demand(bool(_NUMBER.fullmatch(to)), Status.BAD_NUMBER)
        _demand(bool(submit.sender), Status.BAD_SENDER)
        _demand(not submit.validity or bool(_TIME.fullmatch(submit.validity)), Status.BAD_EXPIRY)
        _demand(submit.coding in _ENCODINGS, Status.BAD_CODING)
        encoding = _ENCODINGS[submit.coding]
        letters, header, place = pdu.without_header(submit)
        # Half a UCS-2 character is nobody's; and who sends a payload has the carrier split it.
        _demand(encoding is Encoding.GSM7 or len(letters) % 2 == 0, Status.BAD_LENGTH)
        if not submit.as_payload:
            _demand(_fits(len(letters), header, encoding), Status.BAD_LENGTH)
        shown = decode(letters, encoding)
        known = self.carrier.texts.accounts.get(account)
        return Submitted(
            carrier=SMPP,
            account=account,
            sender=submit.sender,
            to=f"+{to}",
            bodies=(shown,),
            encoding=encoding,
            place=place,
            wanted=_WANTED[submit.registered & 3],
            validity=submit.validity,
            parts_per_second=known.parts_per_second if known else 0.0,
        )

    def bring_receipt(self, receipt: ReceiptDue) -> None:
        of = receipt.of
        message_id = receipt.message_id
        if self.carrier.texts.decimal_receipt_ids:
            message_id = str(int(message_id, 16))
        tlvs = (
            pdu.tlv(Tag.RECEIPTED_MESSAGE_ID, pdu.cstring(message_id))
            + pdu.tlv(Tag.MESSAGE_STATE, bytes([receipt.told.state]))
            + pdu.tlv(Tag.NETWORK_ERROR_CODE, bytes([_GSM_NETWORK]) + receipt.told.err.to_bytes(2, "big"))
        )
        octets = _receipt_text(receipt, message_id).encode("ascii", "replace")
        kind = _NOTICE if receipt.told is ON_ITS_WAY else _RECEIPT
        body = pdu.deliver_body(of.to, of.sender, kind, 0, octets, tlvs)
        self.mailbox_of(of.account).bring(body)

    def bring_reply(self, reply: ReplyDue) -> None:
        encoding = encoding_of(reply.text)
        coding = _UCS2 if encoding is Encoding.UCS2 else 0
        parts = split(reply.text, encoding)
        self._joined_replies += len(parts) > 1
        for number, part in enumerate(parts, 1):
            header = b""
            if len(parts) > 1:
                header = pdu.joined_header(self._joined_replies, len(parts), number)
            octets = header + encode(part, encoding)
            body = pdu.deliver_body(reply.phone, reply.sent_to, _HEADER if header else 0, coding, octets)
            self.mailbox_of(reply.account).bring(body)

    def reset(self) -> None:
        for mailbox in self._mailboxes.values():
            mailbox.clear()


def _demand(holds: bool, status: Status) -> None:
    if not holds:
        raise MalformedPdu(status)


def _fits(letters: int, header: int, encoding: Encoding) -> bool:
    """A part has 140 octets, which are 160 septets; a header before septets is filled up to whole ones."""
    if encoding is Encoding.UCS2:
        return header + letters <= OCTETS_OF_A_PART
    return -(-header * 8 // 7) + letters <= SEPTETS_OF_A_PART


def _receipt_text(receipt: ReceiptDue, message_id: str) -> str:
    """As in appendix B of the specification."""
    told = receipt.told
    delivered = int(told.stat == "DELIVRD")
    return (
        f"id:{message_id} sub:001 dlvrd:{delivered:03} submit date:{_minutes(receipt.submitted_at)} "
        f"done date:{_minutes(receipt.done_at)} stat:{told.stat} err:{told.err:03} "
        f"text:{receipt.of.bodies[0][:20]}"
    )


def _minutes(at: datetime) -> str:
    return at.strftime("%y%m%d%H%M")
