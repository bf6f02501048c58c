"""The store of calls against a plain model, whatever is asked in whatever order (hypothesis)."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.calls.call import Call
from service.ports import Engagements
from service.stores.memory import CLAIM_MS, REMEMBER_ENDED_MS, MemoryCalls
from tests.stores.calls import START, accepted, call, ended, rung, silenced

USERS = ("alice", "bob", "carol")
T = TypeVar("T")

users = st.sampled_from(USERS)
moves = st.sampled_from([rung, silenced, accepted, ended])


def done(asked: Coroutine[Any, Any, T]) -> T:
    """What a coroutine that waits for nothing returns."""
    try:
        asked.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    raise AssertionError("the store of one process waited for something")


class AnyCourse(RuleBasedStateMachine):
    """Users look, open and move calls on what they saw, perhaps long ago; time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryCalls()
        self.now = START
        self.calls: dict[str, Call] = {}
        self.due_at: dict[str, int] = {}
        self.moved: dict[str, int] = dict.fromkeys(USERS, 0)
        self.seen: dict[str, tuple[int, Engagements]] = {}
        self.old: list[Call] = []
        self.count = 0

    def engaged(self, user: str) -> list[str]:
        return [c.id for c in self.calls.values() if c.live and user in (c.caller, c.callee)]

    def unmoved(self, user: str) -> bool:
        """Whether nothing moved since the look; one idle then and now counts as unmoved."""
        moved, seen = self.seen[user]
        return moved == self.moved[user] or not (seen.calls or self.engaged(user))

    @rule(user=users)
    def look(self, user):
        self.seen[user] = (self.moved[user], done(self.store.engagements(user)))

    @rule(caller=users, callee=users)
    def open_a_call(self, caller, callee):
        if caller == callee or caller not in self.seen or callee not in self.seen:
            return
        self.count += 1
        new = call(caller, callee, name=str(self.count), now=self.now)
        mine, theirs = self.seen[caller][1], self.seen[callee][1]
        opened = done(self.store.open(new, mine.version, theirs.version))
        assert opened is (self.unmoved(caller) and self.unmoved(callee))
        if opened:
            self.put(new)
            self.touch(new)

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), move=moves)
    def move_a_call(self, data, move):
        before = data.draw(st.sampled_from([*self.calls.values(), *self.old]))
        if not before.live or (move in (rung, silenced, accepted) and not before.unanswered):
            return
        after = ended(before, self.now) if move is ended else move(before)
        stands = self.calls.get(before.id)
        expected = stands is not None and stands.revision == before.revision
        if after is before:
            return
        assert done(self.store.swap(before, after)) is expected
        if expected:
            self.old = [*self.old, before][-5:]
            self.put(after)
            if after.state is not before.state:
                self.touch(after)

    @rule(ms=st.sampled_from([1, CLAIM_MS, 30_000, 45_000, REMEMBER_ENDED_MS]))
    def time_passes(self, ms):
        self.now += ms
        due = {c.id for c in done(self.store.due(self.now))}
        expected = {i for i, at in self.due_at.items() if at <= self.now and self.calls[i].live}
        assert due == expected
        for call_id, at in list(self.due_at.items()):
            if at <= self.now and self.calls[call_id].live:
                self.due_at[call_id] = self.now + CLAIM_MS
            elif at <= self.now:
                del self.due_at[call_id], self.calls[call_id]

    def put(self, call: Call) -> None:
        self.calls[call.id] = call
        forgotten_at = (call.ended_at or 0) + REMEMBER_ENDED_MS
        self.due_at[call.id] = forgotten_at if call.deadline is None else call.deadline

    def touch(self, call: Call) -> None:
        self.moved[call.caller] += 1
        self.moved[call.callee] += 1

    @invariant()
    def it_holds_what_the_model_holds(self):
        assert len(self.store) == len(self.calls)
        for call_id, expected in self.calls.items():
            assert done(self.store.load(call_id)) == expected
        for user in USERS:
            engaged = done(self.store.engagements(user)).calls
            assert [c.id for c in engaged] == self.engaged(user)
        assert {c.id for c in self.store.live()} == {c.id for c in self.calls.values() if c.live}

    def teardown(self):
        for stands in list(self.calls.values()):
            if stands.live:
                assert done(self.store.swap(stands, ended(stands, self.now)))
        done(self.store.due(self.now + REMEMBER_ENDED_MS))
        assert (len(self.store), self.store._engaged, self.store._versions) == (0, {}, {})


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = settings(max_examples=50, stateful_step_count=25)
