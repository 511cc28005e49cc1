"""What a real Asterisk sent in each case, kept beside the tests so that the simulator is held to it anywhere.

Written anew by `pytest tests/telephony --telephony asterisk --record`, which replaces the cases it calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.telephony.sequences import differences

FILE = Path(__file__).with_name("asterisk-22.yaml")


@dataclass
class Recorded:
    """The events of a call by case, and each event's headers, in as many forms as it comes in."""

    calls: dict[str, list[str]]
    shapes: set[str]
    is_being_recorded: bool = False

    @classmethod
    def read(cls) -> Recorded:
        """What was recorded last."""
        data = yaml.safe_load(FILE.read_text("utf-8")) if FILE.exists() else {}
        return cls(data.get("calls", {}), set(data.get("shapes", [])))

    def disagreements(self, case: str, sequence: list[str], shapes: set[str]) -> list[str]:
        """Where a call is not what Asterisk sent."""
        if self.is_being_recorded:
            self.calls[case] = sequence
            self.shapes |= shapes
        unknown = [f"headers: {shape}" for shape in sorted(shapes - self.shapes)]
        return [f"{case}: {line}" for line in (*differences(self.calls.get(case, []), sequence), *unknown)]


def write_recorded(recorded: Recorded) -> None:
    """Keep what this run heard."""
    data = {"shapes": sorted(recorded.shapes), "calls": recorded.calls}
    head = "# What Asterisk 22 sends, by tests/telephony/recorded.py. Not edited by hand.\n"
    FILE.write_text(head + yaml.safe_dump(data, sort_keys=False, width=1000, allow_unicode=True), "utf-8")
