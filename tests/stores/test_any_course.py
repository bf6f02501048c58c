"""The stores of users and calls against a plain model, in whatever order (hypothesis)."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from service.calls.call import Call, State
from service.ports import Engagements
from service.session_ref import SessionRef
from service.stores import Stores
from tests.stores.calls import START, accepted, call, ended, op, ref, rung, silenced
from tests.stores.every import EVERY
from tests.stores.test_calls import CLAIM_MS, MINUTE

USERS = ("alice", "bob", "carol")
MOST = 2
REMEMBERED_MS = 5 * MINUTE
T = TypeVar("T")
Tried = tuple[Call, Call, str]
"""A move: from, to, and its id."""

users = st.sampled_from(USERS)
devices = st.sampled_from(["1", "2", "3"])


def late(before: Call) -> Call:
    return rung(before, "late")


def silent(before: Call) -> Call:
    return silenced(before, before.devices[-1].id if before.devices else "d")


moves = st.sampled_from([rung, late, silent, accepted, ended])


class AnyCourse(RuleBasedStateMachine):
    """Users come and go, look, open and move calls on what they saw long ago; time passes."""

    opens: Callable[[], Stores]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.stores = type(self).opens()
        self.now = START
        self.sessions: dict[str, list[SessionRef]] = {user: [] for user in USERS}
        self.last_seen: dict[str, int] = {}
        self.calls: dict[str, Call] = {}
        self.due_at: dict[str, int] = {}
        self.moved: dict[str, int] = dict.fromkeys(USERS, 0)
        self.seen: dict[str, tuple[int, Engagements]] = {}
        self.old: list[Call] = []
        self.made: list[Tried] = []
        self.count = 0

    def done(self, asked: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asked)

    def engaged(self, user: str) -> list[Call]:
        return [
            c
            for c in self.calls.values()
            if c.state is not State.ENDED and user in (c.caller, c.callee)
        ]

    def is_as_seen(self, user: str) -> bool:
        """Whether nothing moved since the look."""
        return self.moved[user] == self.seen[user][0]

    def looks_as_seen(self, user: str) -> bool:
        """The same; or idle then and now, which a store need not tell apart."""
        return self.is_as_seen(user) or not (self.seen[user][1].calls or self.engaged(user))

    def holds(self, found: Engagements | None, user: str) -> None:
        assert found is not None
        assert list(found.calls) == self.engaged(user)
        assert list(found.sessions) == self.sessions[user]
        assert found.last_seen == self.last_seen.get(user)

    @rule(user=users, device=devices)
    def come(self, user, device):
        session = ref(device, user)
        if session in self.sessions[user]:
            return
        added = self.done(self.stores.users.add(session, MOST))
        if len(self.sessions[user]) < MOST:
            self.sessions[user].append(session)
            self.last_seen.pop(user, None)
            self.holds(added, user)
        else:
            assert added is None

    @rule(user=users, device=devices)
    def go(self, user, device):
        session = ref(device, user)
        if session in self.sessions[user]:
            self.sessions[user].remove(session)
            if not self.sessions[user]:
                self.last_seen[user] = self.now
        self.holds(self.done(self.stores.users.remove(session, self.now)), user)

    @rule(caller=users, callee=users)
    def look(self, caller, callee):
        situation = self.done(self.stores.users.situation(caller, callee))
        for user, found in zip((caller, callee), situation, strict=True):
            self.holds(found, user)
            self.seen[user] = (self.moved[user], found)

    @rule(caller=users, callee=users)
    def open_a_call(self, caller, callee):
        if caller == callee or not {caller, callee} <= set(self.seen):
            return
        self.count += 1
        new = call(caller, callee, name=str(self.count), now=self.now)
        mine, theirs = self.seen[caller][1], self.seen[callee][1]
        opened = self.done(self.stores.calls.open(new, mine.version, theirs.version))
        if opened is None:
            assert not (self.is_as_seen(caller) and self.is_as_seen(callee))
        else:
            assert self.looks_as_seen(caller)
            assert self.looks_as_seen(callee)
            assert opened == new._replace(devices=tuple(self.sessions[callee]))
            self.put(opened)
            self.touch(opened)

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), move=moves)
    def move_a_call(self, data, move):
        before = data.draw(st.sampled_from([*self.calls.values(), *self.old]))
        if before.state is State.ENDED or (move is not ended and not before.unaccepted):
            return
        after: Call = ended(before, self.now) if move is ended else move(before)
        if after is before:
            return
        same, stands = op(), self.calls.get(before.id)
        result = self.done(self.stores.calls.swap(before, after, same))
        if stands is None or stands.revision != before.revision:
            assert result == stands
            return
        assert result is after
        self.old = [*self.old, before][-5:]
        self.made.append((before, after, same))
        self.put(after)
        if after.state is not before.state:
            self.touch(after)

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def try_a_move_again(self, data):
        before, after, same = data.draw(st.sampled_from(self.made))
        result = self.done(self.stores.calls.swap(before, after, same))
        assert result is (after if before.id in self.calls else None)

    @rule(ms=st.sampled_from([1, CLAIM_MS, 30_000, 45_000, REMEMBERED_MS]))
    def time_passes(self, ms):
        self.now += ms
        due = self.done(self.stores.calls.due(self.now))
        up = {i for i, at in self.due_at.items() if at <= self.now}
        assert {one.id: one for one in due} == {
            i: self.calls[i] for i in up if self.calls[i].state is not State.ENDED
        }
        for call_id in up:
            if self.calls[call_id].state is not State.ENDED:
                self.due_at[call_id] = self.now + CLAIM_MS
            else:
                del self.due_at[call_id], self.calls[call_id]

    def put(self, call: Call) -> None:
        self.calls[call.id] = call
        forgotten_at = (call.ended_at or 0) + REMEMBERED_MS
        self.due_at[call.id] = forgotten_at if call.deadline is None else call.deadline

    def touch(self, call: Call) -> None:
        self.moved[call.caller] += 1
        self.moved[call.callee] += 1

    @invariant()
    def it_holds_what_the_model_holds(self):
        for number in range(1, self.count + 1):
            call_id = f"c_{number}"
            assert self.done(self.stores.calls.load(call_id)) == self.calls.get(call_id)
        for user in USERS:
            self.holds(self.done(self.stores.users.engagements(user)), user)

    def teardown(self):
        """Whatever happened, it can be brought to an end."""
        with self.runner:
            for stands in list(self.calls.values()):
                if stands.state is not State.ENDED:
                    over = ended(stands, self.now)
                    assert self.done(self.stores.calls.swap(stands, over, op())) is over
            for user, sessions in self.sessions.items():
                for session in sessions:
                    self.done(self.stores.users.remove(session, self.now))
                left = self.done(self.stores.users.engagements(user))
                assert (left.calls, left.sessions) == ((), ())
            assert self.done(self.stores.calls.due(self.now + REMEMBERED_MS)) == ()


@pytest.mark.parametrize("kind", EVERY)
def test_any_course(kind):
    class Course(AnyCourse):
        opens = staticmethod(EVERY[kind])

    run_state_machine_as_test(Course, settings=settings(max_examples=50, stateful_step_count=25))
