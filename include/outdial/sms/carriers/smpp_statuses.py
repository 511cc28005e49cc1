"""What a carrier's refusal of a text means (SMPP 3.4 §5.1.3); used by `smpp`."""

from __future__ import annotations

from outdial.domain.sms.delivery import TextFailure
from outdial.sms.carriers.carrier import Declined, NotTaken

_LATER: dict[int, tuple[TextFailure, float]] = {
    0x04: (TextFailure.CARRIER_DOWN, 5),  # ESME_RINVBNDSTS: it has forgotten that we are bound
    0x08: (TextFailure.CARRIER_DOWN, 10),  # ESME_RSYSERR
    0x14: (TextFailure.THROTTLED, 5),  # ESME_RMSGQFUL
    0x58: (TextFailure.THROTTLED, 1),  # ESME_RTHROTTLED
    0x64: (TextFailure.CARRIER_DOWN, 10),  # ESME_RX_T_APPN
}
"""Statuses after which the same text may be taken, and after how many seconds."""

_NEVER: dict[int, TextFailure] = {
    0x01: TextFailure.BAD_CONTENT,  # ESME_RINVMSGLEN
    0x0A: TextFailure.BAD_SENDER,  # ESME_RINVSRCADR
    0x0B: TextFailure.INVALID_NUMBER,  # ESME_RINVDSTADR
    0x48: TextFailure.BAD_SENDER,  # ESME_RINVSRCTON
    0x49: TextFailure.BAD_SENDER,  # ESME_RINVSRCNPI
    0x50: TextFailure.INVALID_NUMBER,  # ESME_RINVDSTTON
    0x51: TextFailure.INVALID_NUMBER,  # ESME_RINVDSTNPI
    0x105: TextFailure.BAD_CONTENT,  # ESME_RINVDCS, of SMPP 5.0
}


def refusal(status: int) -> NotTaken | Declined:
    """What `submit` raises where the carrier answered with a status that is not 0.

    Those not named here are a carrier's own or speak of a message it will not understand next time either.
    """
    said = f"SMPP status 0x{status:08x}"
    if status in _LATER:
        failure, retry_after_s = _LATER[status]
        return NotTaken(failure, said, retry_after_s)
    return Declined(_NEVER.get(status, TextFailure.OTHER), said)
