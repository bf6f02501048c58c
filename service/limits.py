"""How often is too often: the generic cell rate algorithm (ITU-T I.371, annex A).

A burst of `count` passes at once, then one each `per_ms / count`: a leaky bucket, no timer, no
history. The arithmetic is on integers, in the largest unit of time of which a millisecond and an
interval are both multiples, so that a wait is exact and does not drift however long a meter lives;
and on small ones, since multiplying an epoch time would cost more than all the rest.
"""

import sys
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import islice
from math import gcd

_FORGOTTEN_AT_ONCE = 100
_FORGOTTEN_FOR_ONE = 2


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` at once, and `count` in every further `per_ms` milliseconds."""

    count: int
    per_ms: int
    units: int = field(init=False, repr=False)
    """How many units of time a millisecond has."""
    interval: int = field(init=False, repr=False)
    """And how many there are from one to the next."""
    most: int = field(init=False, repr=False)
    """And how many all of `count` take up."""

    def __post_init__(self) -> None:
        if self.count < 1 or self.per_ms < 1:
            raise ValueError("A limit needs a count and a period of at least 1.")
        common = gcd(self.count, self.per_ms)
        object.__setattr__(self, "units", self.count // common)
        object.__setattr__(self, "interval", self.per_ms // common)
        object.__setattr__(self, "most", self.count * self.interval)

    def scaled(self, factor: float) -> "Limit":
        """The same period with `factor` times the count, and never less than one."""
        return Limit(max(1, round(self.count * factor)), self.per_ms)


class Meter:
    """How much of a limit is used up. A meter stays with the one limit it was first given."""

    __slots__ = ("_at", "used")

    def __init__(self) -> None:
        self._at = 0
        """When something was last asked for, in epoch milliseconds."""
        self.used = 0
        """What was used up then, in units of the limit."""

    def take(self, limit: Limit, now: int, cost: int = 1) -> int:
        """Admit what counts as `cost`, or say how long to wait.

        Args:
            limit: the same one at every call.
            now: epoch milliseconds.
            cost: what is more than the limit's count counts as all of that.

        Returns:
            0 when it was admitted, else the milliseconds after which it will be. A refusal
            costs nothing. A clock that is set back neither costs nor gives back anything.
        """
        used = self.used
        if used and now > self._at:
            used = max(used - (now - self._at) * limit.units, 0)
        self._at, self.used = now, used
        price = min(cost, limit.count) * limit.interval
        excess = used + price - limit.most
        if excess > 0:
            return -(-excess // limit.units)
        self.used = used + price
        return 0

    def give_back(self, limit: Limit, cost: int) -> None:
        """Undo a `take` that admitted `cost`."""
        self.used -= min(cost, limit.count) * limit.interval

    def idle(self, limit: Limit, now: int) -> bool:
        """Whether nothing is used up any more: a fresh meter admits as much."""
        return self.used <= max(0, now - self._at) * limit.units


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
        if together and not alone:
            self._own.give_back(self._limit, cost)
        elif alone and not together:
            self.share.give_back(self._shared_limit, cost)
        return max(alone, together)

    def take_all(self, now: int, cost: int) -> int:
        """Take `cost` in the place of the one that was taken before the cost was known.

        A refusal leaves that one taken; the wait is until as much is there again.
        """
        self._own.give_back(self._limit, 1)
        self.share.give_back(self._shared_limit, 1)
        if not self.take(now, cost):
            return 0
        self.take(now)
        return self.take(now, cost)

    def has_spent(self, some: int) -> bool:
        """Whether all who share had used up more than `some` when one of them last took any."""
        return self.share.used > some * self._shared_limit.interval


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
            if not self._meters[user].idle(self._limit, now):
                return
            del self._leaving[user], self._meters[user]


class Meters:
    """One limit for many: a user, a pair of users.

    Who comes seldom is forgotten as others come: as soon as its absence changes no answer. In an
    ordered dictionary: in a plain one, finding the first takes as long as many were before it.

    Args:
        limit: that of each of them.
        most: how many are remembered; beyond that, who came longest ago is forgotten.
    """

    __slots__ = ("_limit", "_meters", "_most")

    def __init__(self, limit: Limit, most: int = sys.maxsize) -> None:
        self._limit = limit
        self._most = most
        self._meters: OrderedDict[Hashable, Meter] = OrderedDict()

    def __len__(self) -> int:
        return len(self._meters)

    def take(self, key: Hashable, now: int) -> int:
        """As `Meter.take`, for the meter of `key`."""
        meter = self._meters.pop(key, None) or Meter()
        self._meters[key] = meter  # whoever came last stands last
        wait = meter.take(self._limit, now)
        for _ in range(_FORGOTTEN_FOR_ONE):
            first = next(iter(self._meters))
            if len(self._meters) <= self._most and not self._meters[first].idle(self._limit, now):
                break
            del self._meters[first]
        return wait
