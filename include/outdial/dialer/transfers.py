"""Connects a caller to an agent, by Asterisk's own Dial or Queue."""

from __future__ import annotations

from outdial.dialer.agi_session import AgiSession
from outdial.domain.ivr.transfer import TransferTarget

AGENT_RING_S = 30
QUEUE_WAIT_S = 300
TRANSFER_LIMIT_S = 4 * 3600.0


async def connect_agent(session: AgiSession, target: TransferTarget, trunk: str) -> bool:
    """Connect and stay until they part; False where nobody took the call. A number is reached by `trunk`."""
    if target.application == "Queue":
        return await _join_queue(session, target.address)
    dialled = f"PJSIP/{target.address}@{trunk}" if target.is_number else target.address
    await session.exec("Dial", f"{dialled},{AGENT_RING_S}", TRANSFER_LIMIT_S)
    return await session.get_variable("DIALSTATUS") == "ANSWER"


async def _join_queue(session: AgiSession, queue: str) -> bool:
    # Queue(name,options,URL,announceoverride,timeout). QUEUESTATUS says why no agent took the call; where one
    # did it stays as it was, or is CONTINUE.
    await session.set_variable("QUEUESTATUS", "")
    await session.exec("Queue", f"{queue},,,,{QUEUE_WAIT_S}", TRANSFER_LIMIT_S)
    return await session.get_variable("QUEUESTATUS") in {None, "", "CONTINUE"}
