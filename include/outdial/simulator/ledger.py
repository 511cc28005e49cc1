"""Who was called or texted, when, how often and how it ended: the judge of tests, in memory and as JSONL."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from outdial.simulator.sms.seen import EVENT_OF, Seen

_NAMES = {"channel_id": "channelId", "sender": "from"}


@dataclass(frozen=True, slots=True)
class OriginateSeen:
    """One Originate action as it arrived. `at` is epoch seconds, `monotonic_s` the loop's clock."""

    at: float
    monotonic_s: float
    channel_id: str
    number: str
    trunk: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How one accepted Originate ended. `cause` is Hangup's Q.850 cause; None where no channel ever was."""

    at: float
    channel_id: str
    number: str
    outcome: str
    answered: bool
    cause: int | None
    keys: str


class Ledger:
    """Keeps the lists; where a file is given, every entry is one line in it before anything else happens."""

    def __init__(self, path: Path | None) -> None:
        self.originates: list[OriginateSeen] = []
        self.ends: list[CallEnd] = []
        self.texting: list[Seen] = []
        # Line buffered: what was written survives a kill of this process.
        self._file: TextIO | None = path.open("a", buffering=1, encoding="utf-8") if path else None

    def note_originate(self, seen: OriginateSeen) -> None:
        self.originates.append(seen)
        self._write("originate", asdict(seen))

    def note_end(self, end: CallEnd) -> None:
        self.ends.append(end)
        self._write("end", asdict(end))

    def note_texting(self, seen: Seen) -> None:
        self.texting.append(seen)
        self._write(EVENT_OF[type(seen)], asdict(seen))

    def _write(self, event: str, entry: dict[str, object]) -> None:
        if self._file is not None:
            named = {_NAMES.get(key, key): value for key, value in entry.items()}
            named.pop("monotonic_s", None)
            self._file.write(json.dumps({"event": event} | named) + "\n")

    def reset(self) -> None:
        """Forget what is in memory; the file keeps its lines."""
        self.originates.clear()
        self.ends.clear()
        self.texting.clear()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
