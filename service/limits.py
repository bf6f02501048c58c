"""How often is too often: the generic cell rate algorithm (ITU-T I.371, annex A).

A burst of `count` passes at once, then one each `per_ms / count`. One number of state a meter,
no timer, no history. The arithmetic is on integers, in units of `1 / count` ms, so that a wait
is exact and does not drift however long a meter lives.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import islice

_FORGOTTEN_AT_ONCE = 100
_FORGOTTEN_FOR_ONE = 2


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

    __slots__ = ("spent_until",)

    def __init__(self) -> None:
        self.spent_until = 0
        """The theoretical arrival time, in 1/count ms."""

    def take(self, limit: Limit, now: int, cost: int = 1) -> int:
        """Admit what counts as `cost`, or say how long to wait.

        Args:
            limit: the same one at every call.
            now: epoch milliseconds.
            cost: what is more than the limit's count counts as all of that.

        Returns:
            0 when it was admitted, else the milliseconds after which it will be. A refusal
            costs nothing. A clock that is set back costs at most one period.
        """
        count, per_ms = limit.count, limit.per_ms
        if cost != 1:
            cost = min(cost, count)
        start = now * count
        ahead = self.spent_until - start
        if ahead <= 0:
            self.spent_until = start + cost * per_ms
            return 0
        excess = ahead - (count - cost) * per_ms
        if excess <= 0:
            self.spent_until += cost * per_ms
            return 0
        if ahead > count * per_ms:  # the limit can never be that far ahead: the clock was set back
            self.spent_until = start + count * per_ms
            excess = cost * per_ms
        return -(-excess // count)

    def give_back(self, limit: Limit, cost: int) -> None:
        """Undo the last `take`, which admitted."""
        self.spent_until -= min(cost, limit.count) * limit.per_ms

    def is_idle(self, limit: Limit, now: int) -> bool:
        """Whether a fresh meter would admit just as much."""
        return self.spent_until <= now * limit.count


class Allowance:
    """A limit of one's own, and one that is shared with others.

    `limit` is one's own, `shared_limit` the other's; until `share` is set, nobody shares.
    """

    __slots__ = ("_limit", "_own", "_shared_limit", "share")

    def __init__(self, limit: Limit, shared_limit: Limit) -> None:
        self._limit = limit
        self._shared_limit = shared_limit
        self._own = Meter()
        self.share = Meter()

    def take(self, now: int, cost: int = 1) -> int:
        """As `Meter.take`, from both or from neither."""
        alone = self._own.take(self._limit, now, cost)
        together = self.share.take(self._shared_limit, now, cost)
        if alone == together == 0:
            return 0
        if not alone:
            self._own.give_back(self._limit, cost)
        elif not together:
            self.share.give_back(self._shared_limit, cost)
        return max(alone, together)

    def take_all(self, now: int, cost: int) -> int:
        """Take `cost` in the place of the one that was taken before the cost was known.

        A refusal leaves that one taken; the wait is until as much is there again.
        """
        if cost == 1:
            return 0
        self._own.give_back(self._limit, 1)
        self.share.give_back(self._shared_limit, 1)
        if not self.take(now, cost):
            return 0
        self.take(now)
        return self.take(now, cost)

    def keep_one(self, cost: int) -> None:
        """Undo a `take` of `cost`, or a `take_all`, but for one: it will be taken again."""
        self._own.give_back(self._limit, min(cost, self._limit.count) - 1)
        self.share.give_back(self._shared_limit, min(cost, self._shared_limit.count) - 1)

    def has_spent(self, now: int, some: int) -> bool:
        """Whether all who share have used up more than `some`."""
        limit = self._shared_limit
        return self.share.spent_until - now * limit.count > some * limit.per_ms


class Shares:
    """One meter for all that a user has open, which outlives them until it is idle."""

    __slots__ = ("_held", "_leaving", "_limit", "_meters")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._meters: dict[str, Meter] = {}
        self._held: dict[str, int] = {}
        self._leaving: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._meters)

    def enter(self, user: str) -> Meter:
        """The user's meter, for one more that is open."""
        meter = self._meters.get(user)
        if meter is None:
            meter = self._meters[user] = Meter()
        self._leaving.pop(user, None)
        self._held[user] = self._held.get(user, 0) + 1
        return meter

    def leave(self, user: str) -> None:
        """One of the user's has closed."""
        self._held[user] -= 1
        if not self._held[user]:
            del self._held[user]
            self._leaving[user] = None

    def forget_idle(self, now: int) -> None:
        """Drop the meters of users who have left, as far as these are idle; the first ones first.

        At most a hundred at once.
        """
        for user in tuple(islice(self._leaving, _FORGOTTEN_AT_ONCE)):
            if not self._meters[user].is_idle(self._limit, now):
                return
            del self._leaving[user], self._meters[user]


class Meters:
    """One limit for many: a user, a pair of users.

    Who comes seldom is forgotten as others come: as soon as its absence changes no answer. In an
    ordered dictionary: in a plain one, finding the first takes as long as many were before it.
    """

    __slots__ = ("_limit", "_meters")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._meters: OrderedDict[Hashable, Meter] = OrderedDict()

    def __len__(self) -> int:
        return len(self._meters)

    def take(self, key: Hashable, now: int) -> int:
        """As `Meter.take`, for the meter of `key`."""
        meter = self._meters.pop(key, None) or Meter()
        self._meters[key] = meter  # whoever came last stands last
        wait = meter.take(self._limit, now)
        self._forget(now)
        return wait

    def _forget(self, now: int) -> None:
        for _ in range(_FORGOTTEN_FOR_ONE):
            key = next(iter(self._meters))
            if not self._meters[key].is_idle(self._limit, now):
                return
            del self._meters[key]
