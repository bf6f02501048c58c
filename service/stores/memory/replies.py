"""First answers in a dictionary."""

from collections import OrderedDict

from service.deadlines import Deadlines
from service.keyed_locks import KeyedLocks
from service.ports import Outcome, ReplyKey

MOST_OF_A_USER = 256
"""Answers kept for one user: the oldest is forgotten first, whose repeat is a new try then."""
MOST_BYTES = 64 * 1024 * 1024
"""What all answers together may take."""
_BESIDE = 512
"""Bytes that an answer takes beside its fields."""


class MemoryReplies:
    """`ports.ReplyStore`, the oldest answer first.

    An ordered dictionary: in a plain one, finding the first takes as long as many were first
    before it. A repeat that comes while its first is being answered waits for that.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[ReplyKey, tuple[int, Outcome]] = OrderedDict()
        self._ends: Deadlines[ReplyKey] = Deadlines()
        self._of: dict[str, dict[ReplyKey, None]] = {}
        self._bytes = 0
        self._claims = KeyedLocks()

    def __len__(self) -> int:
        return len(self._kept) + len(self._claims)

    async def claim(self, key: ReplyKey, now: int) -> Outcome | None:
        if (turn := self._claims.enter(key)) is not None:
            await self._claims.granted(key, turn)
        found = self._kept.get(key)
        if found is None or found[0] <= now:
            return None
        self._claims.leave(key)
        return found[1]

    async def settle(self, key: ReplyKey, outcome: Outcome | None, until: int) -> None:
        if outcome is not None:
            self._keep(key, outcome, until)
        self._claims.leave(key)

    async def forget_old(self, now: int) -> None:
        """Let go of what is no longer recalled."""
        for key in self._ends.pop_due(now):
            self._forget(key)

    def _keep(self, key: ReplyKey, outcome: Outcome, until: int) -> None:
        if key in self._kept:
            self._forget(key)
        self._kept[key] = until, outcome
        self._ends.set(key, until)
        self._bytes += _size(outcome)
        own = self._of.setdefault(key[0], {})
        own[key] = None
        if len(own) > MOST_OF_A_USER:
            self._forget(next(iter(own)))
        while self._bytes > MOST_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: ReplyKey) -> None:
        _, outcome = self._kept.pop(key)
        self._ends.set(key, None)
        self._bytes -= _size(outcome)
        own = self._of[key[0]]
        del own[key]
        if not own:
            del self._of[key[0]]


def _size(outcome: Outcome) -> int:
    return len(outcome.fields) + _BESIDE
