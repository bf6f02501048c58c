"""The store of one process: dictionaries behind the ports, with the same races decided.

Nothing here waits, so each method is atomic; the methods are coroutines because a network
stands behind the same ports elsewhere.
"""

from collections import OrderedDict
from collections.abc import Callable
from itertools import islice

from service.calls.call import Call
from service.deadlines import Deadlines
from service.ports import Engagements, SessionRef

REMEMBER_ENDED_MS = 5 * 60_000
CLAIM_MS = 5_000
DUE_AT_ONCE = 1_000
"""Calls that come up at once; the others, when it is asked again."""
REMEMBER_SEEN = 100_000
"""Users whose last visit is remembered; the longest absent are forgotten first."""


class MemoryCalls:
    """`ports.CallStore` in a dictionary."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._engaged: dict[str, dict[str, None]] = {}
        self._versions: dict[str, int] = {}
        self._moves = 0  # a version is never used twice, so an idle user needs none
        self._deadlines: Deadlines[str] = Deadlines()
        self._tombstones: Deadlines[str] = Deadlines()

    def __len__(self) -> int:
        return len(self._calls)

    async def engagements(self, user: str) -> Engagements:
        ids = self._engaged.get(user, ())
        return Engagements(self._versions.get(user, 0), tuple(self._calls[i] for i in ids))

    async def open(self, call: Call, caller_version: int, callee_version: int) -> bool:
        seen = (self._versions.get(call.caller, 0), self._versions.get(call.callee, 0))
        if seen != (caller_version, callee_version):
            return False
        self._calls[call.id] = call
        self._deadlines.set(call.id, call.deadline)
        self._touch(call, lambda engaged: engaged.setdefault(call.id))
        return True

    async def load(self, call_id: str) -> Call | None:
        return self._calls.get(call_id)

    async def swap(self, before: Call, after: Call) -> bool:
        stands = self._calls.get(before.id)
        if stands is None or stands.revision != before.revision:
            return False
        self._calls[after.id] = after
        self._deadlines.set(after.id, after.deadline)
        if before.live and not after.live:
            self._touch(after, lambda engaged: engaged.pop(after.id))
            self._tombstones.set(after.id, (after.ended_at or 0) + REMEMBER_ENDED_MS)
        elif before.state is not after.state:
            self._touch(after, lambda _engaged: None)
        return True

    async def due(self, now: int) -> tuple[Call, ...]:
        for call_id in islice(self._tombstones.pop_due(now), DUE_AT_ONCE):
            del self._calls[call_id]
        late = islice(self._deadlines.pop_due(now), DUE_AT_ONCE)
        due = tuple(self._calls[call_id] for call_id in late)
        for call in due:  # should its taker fail, the call comes up again
            self._deadlines.set(call.id, now + CLAIM_MS)
        return due

    def live(self) -> tuple[Call, ...]:
        """Every live call of this process."""
        return tuple(call for call in self._calls.values() if call.live)

    def _touch(self, call: Call, change: Callable[[dict[str, None]], object]) -> None:
        """Change both users' engagements; an idle user leaves no trace."""
        for user in (call.caller, call.callee):
            engaged = self._engaged.setdefault(user, {})
            change(engaged)
            self._moves += 1
            self._versions[user] = self._moves
            if not engaged:
                del self._engaged[user], self._versions[user]


class MemorySessions:
    """`ports.SessionStore` in a dictionary."""

    def __init__(self) -> None:
        self._online: dict[str, dict[str, SessionRef]] = {}
        self._last_seen: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._online)

    async def add(self, ref: SessionRef, most: int) -> bool:
        sessions = self._online.setdefault(ref.user, {})
        if len(sessions) >= most:
            return False
        sessions[ref.id] = ref
        self._last_seen.pop(ref.user, None)
        return True

    async def remove(self, ref: SessionRef, now: int) -> None:
        sessions = self._online.get(ref.user, {})
        if sessions.pop(ref.id, None) is None or sessions:
            return
        del self._online[ref.user]
        self._last_seen[ref.user] = now
        if len(self._last_seen) > REMEMBER_SEEN:
            self._last_seen.popitem(last=False)

    async def of(self, user: str) -> tuple[SessionRef, ...]:
        return tuple(self._online.get(user, {}).values())

    async def last_seen(self, user: str) -> int | None:
        return self._last_seen.get(user)
