"""Parts of one text find each other here, as on the telephone, by sender, reference and number of parts."""

from __future__ import annotations

from dataclasses import dataclass, field

from outdial.simulator.sms.plan import TextPlan
from outdial.simulator.sms.traffic import Submitted


@dataclass(slots=True)
class Joined:
    """A text whose parts are arriving; one that came as a whole is whole at once."""

    plan: TextPlan
    total: int
    bodies: dict[int, str] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return len(self.bodies) == self.total

    @property
    def text(self) -> str:
        return "".join(self.bodies[number] for number in sorted(self.bodies))

    @property
    def message_ids(self) -> tuple[str, ...]:
        return tuple(self.ids[number] for number in sorted(self.ids))

    def add(self, submitted: Submitted, message_ids: tuple[str, ...]) -> bool:
        """Put the parts in their places; False where a part was there before."""
        first = submitted.place.number if submitted.place else 1
        new = first not in self.bodies
        for number, (body, message_id) in enumerate(zip(submitted.bodies, message_ids, strict=True), first):
            self.bodies[number] = body
            self.ids[number] = message_id
        return new


_Key = tuple[str, str, str, str, int, int]


class Joining:
    """Texts of which some parts are there and others are not."""

    def __init__(self) -> None:
        self._open: dict[_Key, Joined] = {}

    def __len__(self) -> int:
        return len(self._open)

    def find(self, submitted: Submitted) -> Joined | None:
        """The text that this part belongs to, where others of it are there."""
        return self._open.get(_key(submitted)) if submitted.place else None

    def begin(self, submitted: Submitted, plan: TextPlan) -> Joined:
        total = submitted.place.total if submitted.place else len(submitted.bodies)
        joined = Joined(plan, total)
        if submitted.place:
            self._open[_key(submitted)] = joined
        return joined

    def end(self, submitted: Submitted) -> None:
        """The text is whole: a part that comes now with its reference begins another."""
        if submitted.place:
            self._open.pop(_key(submitted), None)

    def clear(self) -> None:
        self._open.clear()


def _key(submitted: Submitted) -> _Key:
    place = submitted.place
    reference, total = (place.reference, place.total) if place else (0, 0)
    return (submitted.carrier, submitted.account, submitted.sender, submitted.to, reference, total)
