"""What `outdial doctor` says about one thing: whether it is well and, where it is not, what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from outdial.domain.errors import OutdialError

_CHECK_TIMEOUT_S = 10


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's: `found` is what was seen, `fix` is empty where all is well."""

    name: str
    found: str
    fix: str = ""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.fix


@dataclass(frozen=True)
class Check:
    """Something to look at; where it cannot be reached `look` raises, and `fix` says what to do."""

    name: str
    look: Callable[[], Awaitable[Finding]]
    fix: str


async def make_checks(checks: Sequence[Check]) -> list[Finding]:
    """Look at everything at once; each answers within 10 s."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_make(check)) for check in checks]
    return [task.result() for task in tasks]


async def _make(check: Check) -> Finding:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            return await check.look()
    except TimeoutError:
        return Finding(check.name, f"no answer within {_CHECK_TIMEOUT_S} s", check.fix)
    except (OutdialError, OSError) as error:
        return Finding(check.name, " ".join(str(error).split()) or type(error).__name__, check.fix)
