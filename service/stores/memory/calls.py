"""Calls in a dictionary, and when each is due."""

from collections import deque
from itertools import islice

from service.calls.call import Call, State
from service.deadlines import Deadlines
from service.stores.memory.users import MemoryUsers

REMEMBER_ENDED_MS = 5 * 60_000
CLAIM_MS = 5_000
DUE_AT_ONCE = 1_000
"""Calls that come up at once; the others, when it is asked again."""
REMEMBER_MOVES = 32
"""The last moves of a call, by which a repeat is told from a race."""


class MemoryCalls:
    """`ports.CallStore` beside the users whom its calls engage."""

    def __init__(self, users: MemoryUsers) -> None:
        self._users = users
        self._calls: dict[str, Call] = {}
        self._moves: dict[str, deque[str]] = {}
        self._deadlines: Deadlines[str] = Deadlines()
        self._tombstones: Deadlines[str] = Deadlines()

    def __len__(self) -> int:
        return len(self._calls)

    async def open(self, call: Call, caller_version: int, callee_version: int) -> Call | None:
        caller, callee = self._users.of(call.caller), self._users.of(call.callee)
        if (caller.version, callee.version) != (caller_version, callee_version):
            return None
        call = call.changed({"devices": callee.sessions})
        self._calls[call.id] = call
        self._moves[call.id] = deque(maxlen=REMEMBER_MOVES)
        self._deadlines.set(call.id, call.deadline)
        self._users.engage(call, moved=True)
        return call

    async def load(self, call_id: str) -> Call | None:
        return self._calls.get(call_id)

    async def swap(self, before: Call, after: Call, op: str) -> Call | None:
        stands = self._calls.get(before.id)
        if stands is None:
            return None
        moves = self._moves[before.id]
        if op in moves:
            return after
        if stands.revision != before.revision:
            return stands
        moves.append(op)
        self._calls[after.id] = after
        self._deadlines.set(after.id, after.deadline)
        if after.ended_at is not None:
            self._tombstones.set(after.id, after.ended_at + REMEMBER_ENDED_MS)
        self._users.engage(after, moved=before.state is not after.state)
        return after

    async def due(self, now: int) -> tuple[Call, ...]:
        for call_id in islice(self._tombstones.pop_due(now), DUE_AT_ONCE):
            del self._calls[call_id], self._moves[call_id]
        late = islice(self._deadlines.pop_due(now), DUE_AT_ONCE)
        due = tuple(self._calls[call_id] for call_id in late)
        for call in due:  # should its taker fail, the call comes up again
            self._deadlines.set(call.id, now + CLAIM_MS)
        return due

    def live(self) -> tuple[Call, ...]:
        """Every live call."""
        return tuple(call for call in self._calls.values() if call.state is not State.ENDED)
