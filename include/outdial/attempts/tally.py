"""Counts what became of each received batch of dial tasks, and says it in one line when all are through."""

from __future__ import annotations

from typing import Any

from outdial.domain.dial_task import DialTask
from outdial.telemetry.logs import get_logger

log = get_logger(__name__)


class BatchTally:
    """One received batch: originates accepted, tasks put back until later, tasks that failed."""

    def __init__(self, total: int) -> None:
        """`total` tasks are to be counted, each once."""
        self._total = total
        self._successful = 0
        self._rate_limited = 0
        self._errors: list[dict[str, str]] = []

    def count_success(self) -> None:
        """The originate was accepted."""
        self._successful += 1
        self._log_when_through()

    def count_put_back(self) -> None:
        """Not now: no room, no pace, outside the window, nobody to call through."""
        self._rate_limited += 1
        self._log_when_through()

    def count_failure(self, task: DialTask | None, error: str) -> None:
        """It could not be handled; `task` is None where the message could not be read."""
        contact_id, phone = (str(task.contact_id), task.phone_number) if task else ("", "")
        self._errors.append({"contactId": contact_id, "phoneNumber": phone, "error": error})
        self._log_when_through()

    def result(self) -> dict[str, Any]:
        """The batch's figures; the log masks the numbers."""
        return {
            "totalProcessed": self._total,
            "successful": self._successful,
            "failed": len(self._errors),
            "rateLimited": self._rate_limited,
            "errors": self._errors,
        }

    def _log_when_through(self) -> None:
        if self._successful + self._rate_limited + len(self._errors) == self._total:
            log.info("batch handled", **self.result())
