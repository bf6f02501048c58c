"""How often is too often: the generic cell rate algorithm (ITU-T I.371, annex A).

A burst of `count` passes at once, then one each `per_ms / count`. One number of state a meter,
no timer, no history. The arithmetic is on integers, in units of `1 / count` ms, so that a wait
is exact and does not drift however long a meter lives.
"""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` at once, and `count` in every further `per_ms` milliseconds."""

    count: int
    per_ms: int

    def __post_init__(self) -> None:
        if self.count < 1 or self.per_ms < 1:
            raise ValueError("A limit needs a count and a period of at least 1.")

    def scaled(self, factor: float) -> "Limit":
        """The same period with `factor` times the count, and never less than one."""
        return Limit(max(1, round(self.count * factor)), self.per_ms)


class Meter:
    """How much of a limit is used up. A meter stays with the one limit it was first given."""

    __slots__ = ("_spent_until",)

    def __init__(self) -> None:
        self._spent_until = 0  # the theoretical arrival time, in 1/count ms

    def take(self, limit: Limit, now: int) -> int:
        """Admit one, or say how long to wait.

        Args:
            limit: the same one at every call.
            now: epoch milliseconds.

        Returns:
            0 when one was admitted, else the milliseconds after which one will be. A refusal
            costs nothing. A clock that is set back costs at most one period.
        """
        count, per_ms = limit.count, limit.per_ms
        start = now * count
        ahead = self._spent_until - start
        if ahead <= 0:
            self._spent_until = start + per_ms
            return 0
        excess = ahead - (count - 1) * per_ms
        if excess <= 0:
            self._spent_until += per_ms
            return 0
        if excess > per_ms:  # more than the limit can ever be ahead: the clock was set back
            self._spent_until = start + count * per_ms
            excess = per_ms
        return -(-excess // count)

    def is_idle(self, limit: Limit, now: int) -> bool:
        """Whether a fresh meter would admit just as much."""
        return self._spent_until <= now * limit.count


class Meters:
    """One limit for many: a user, an address, a pair of users."""

    __slots__ = ("_limit", "_meters")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._meters: dict[Hashable, Meter] = {}

    def __len__(self) -> int:
        return len(self._meters)

    def take(self, key: Hashable, now: int) -> int:
        """As `Meter.take`, for the meter of `key`."""
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = Meter()
        return meter.take(self._limit, now)

    def forget_idle(self, now: int) -> None:
        """Drop every meter whose absence would change no answer."""
        idle = [key for key, meter in self._meters.items() if meter.is_idle(self._limit, now)]
        for key in idle:
            del self._meters[key]
