"""What will come of a call: the caller plans it and tells the callee in the call's metadata."""

import random
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

Course = Literal["answered", "rejected", "cancelled", "unanswered"]

_SHARES: dict[Course, int] = {"answered": 70, "rejected": 12, "cancelled": 13, "unanswered": 5}
_VIDEO = 0.6


@dataclass(frozen=True, slots=True)
class Plan:
    """One call's type and course, how long it rings and then how long the two talk."""

    call_type: Literal["audio", "video"]
    course: Course
    ring_s: float
    talk_s: float

    @classmethod
    def any(cls) -> Self:
        """A plan as chance has it."""
        chance = random.SystemRandom()
        (course,) = chance.choices(list(_SHARES), list(_SHARES.values()))
        return cls(
            call_type="video" if chance.random() < _VIDEO else "audio",
            course=course,
            ring_s=chance.uniform(0.5, 2.0),
            talk_s=chance.uniform(3.0, 8.0),
        )

    @classmethod
    def told(cls, metadata: dict[str, Any]) -> Self:
        """The plan in a call's metadata."""
        return cls(**metadata)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the callee is told."""
        return asdict(self)
