"""What a real Asterisk sent in each case, kept beside the tests so that the simulator is held to it anywhere.

Written anew by `pytest tests/telephony/test_outcomes.py --telephony asterisk --record`.
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

    @classmethod
    def empty(cls) -> Recorded:
        """Nothing yet."""
        return cls({}, set())

    @classmethod
    def read(cls) -> Recorded:
        """What was recorded last."""
        data = yaml.safe_load(FILE.read_text("utf-8"))
        return cls(data["calls"], set(data["shapes"]))

    def disagreements(self, case: str, sequence: list[str], shapes: set[str]) -> list[str]:
        """Where a call is not what Asterisk sent; a case that is being recorded agrees with itself."""
        if case not in self.calls:
            self.calls[case] = sequence
            self.shapes |= shapes
        unknown = [f"headers: {shape}" for shape in sorted(shapes - self.shapes)]
        return [f"{case}: {line}" for line in (*differences(self.calls[case], sequence), *unknown)]


def write_recorded(recorded: Recorded) -> None:
    """Keep what this run heard."""
    data = {"shapes": sorted(recorded.shapes), "calls": recorded.calls}
    head = "# What Asterisk 22 sends, by tests/telephony/recorded.py. Not edited by hand.\n"
    FILE.write_text(head + yaml.safe_dump(data, sort_keys=False, width=1000, allow_unicode=True), "utf-8")
