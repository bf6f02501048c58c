"""Whoever goes away, comes back and moves in any order, a call keeps its promises (hypothesis).

Alice and Bob each have two resumable sessions; the call binds one of each.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.calls import events as happened
from service.calls.call import Call, MediaState, State
from service.calls.effects import (
    Audience,
    CallAccepted,
    CallEnded,
    CallMoved,
    CallPeerMoved,
    CallPeerReconnected,
    CallPeerReconnecting,
    Send,
)
from service.calls.lifetime import lost_at
from service.calls.machine import decide
from service.calls.reasons import Reason
from service.calls.timeouts import Timeouts
from tests.calls.situations import BOTH_RESUMABLE, CALLEE, CALLER, CONNECTED, NOW, START, placed

TIMEOUTS = Timeouts()
USERS = st.sampled_from(["alice", "bob"])
STATES = st.sampled_from(MediaState)
SESSIONS = {"alice": ("a1", "a2"), "bob": ("b1", "b2")}


class AnyAbsence(RuleBasedStateMachine):
    """One call, and what each of its users has been told of the other."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.call = placed()._replace(calling=BOTH_RESUMABLE["calling"])
        self.away = {"alice": False, "bob": False}
        self.knows_away = {"alice": False, "bob": False}
        self.generation = {"alice": 0, "bob": 0}

    def bound(self, user: str) -> str | None:
        call = self.call
        return call.caller_session if user == "alice" else call.callee_session

    # What can happen.

    @precondition(lambda self: self.call.unaccepted)
    @rule(away=st.booleans())
    def accept(self, away):
        self.away["bob"] = away
        self.happens(happened.Accepted("bob", "b1", resumable=True, away=away))

    @precondition(lambda self: self.call.state is State.CONNECTING)
    @rule(user=USERS)
    def answer(self, user):
        self.happens(happened.Negotiated(user, self.bound(user) or ""))

    @precondition(lambda self: self.call.state is not State.ENDED)
    @rule(user=USERS)
    def lose(self, user):
        if session := self.bound(user):
            self.away[user] = True
            self.happens(happened.Detached(user, session))

    @precondition(lambda self: self.call.state is not State.ENDED)
    @rule(user=USERS, snapshot=st.booleans(), fresh=st.booleans())
    def come_back(self, user, snapshot, fresh):
        if session := self.bound(user):
            self.away[user] = False
            self.generation[user] += fresh  # a client knows its own
            resumed = "snapshot" if snapshot else "replayed"
            if snapshot:  # what it was told is gone
                self.knows_away[user] = False
            self.happens(happened.Returned(user, session, "n1", resumed, fresh))

    @precondition(lambda self: self.call.state in (State.CONNECTING, State.CONNECTED))
    @rule(user=USERS)
    def move(self, user):
        (other,) = {*SESSIONS[user]} - {self.bound(user)}
        self.away[user], self.knows_away[user] = False, False
        moves, generation = self.call.moves, self.call.generation
        self.happens(happened.Moving(user, other, "n1", resumable=True, moves=moves))
        assert self.bound(user) == other
        assert (self.call.moves, self.call.generation) == (moves + 1, generation + 1)

    @precondition(lambda self: self.call.state in (State.CONNECTING, State.CONNECTED))
    @rule(user=USERS, state=STATES)
    def report(self, user, state):
        if not self.away[user]:
            self.happens(happened.MediaReported(user, self.bound(user) or "", state))

    @rule(ms=st.integers(0, 40_000))
    def pass_time(self, ms):
        """The service looks at deadlines all the time."""
        until = self.now + ms
        if self.call.deadline is not None and self.call.deadline <= until:
            self.now = max(self.now, self.call.deadline)
            self.happens(happened.DeadlinePassed())
            assert self.call.state is State.ENDED
        self.now = until

    # What is then true.

    def happens(self, event: happened.Event) -> None:
        before = self.call
        decision = decide(before, event, self.now, TIMEOUTS)
        self.call = decision.call
        assert self.call.revision == before.revision + (self.call is not before)
        assert self.call.generation >= before.generation
        for send in decision.sends:
            self.hear(send, getattr(event, "user", None))
        if self.call.state is State.ENDED:
            ends = [send.to for send in decision.sends if isinstance(send.message, CallEnded)]
            assert Audience.CALLER in ends
            assert {Audience.CALLEE, Audience.DEVICES} & {*ends}

    def hear(self, send: Send, actor: str | None) -> None:
        """A user is told; one that is away will be."""
        told = {Audience.CALLER: "alice", Audience.CALLEE: "bob", Audience.ACTOR: actor}
        user = told.get(send.to)
        if user is None:
            return
        match send.message:
            case CallPeerReconnecting(by=by):
                assert by != user
                self.knows_away[user] = True
            case CallPeerReconnected(by=by) | CallPeerMoved(by=by):
                assert by != user
                self.knows_away[user] = False
        if isinstance(send.message, CallAccepted | CallMoved | CallPeerMoved | CallPeerReconnected):
            self.generation[user] = send.message.generation or 0

    @invariant()
    def who_is_away_has_a_deadline_that_is_not_beyond_the_limit(self):
        call, away = self.call, [at for at in self.away_since() if at is not None]
        if away and call.state is not State.ENDED:
            lost = lost_at(call, TIMEOUTS)
            assert lost is not None
            assert call.deadline is not None
            assert call.deadline <= lost <= min(away) + TIMEOUTS.detached

    @invariant()
    def within_the_window_of_the_first_no_report_ends_a_call(self):
        call, away = self.call, [at for at in self.away_since() if at is not None]
        if call.reason is Reason.CONNECTION_LOST:
            assert (call.ended_at or 0) >= min(away) + TIMEOUTS.window

    @invariant()
    def absences_are_counted_and_were_no_longer_than_the_call(self):
        call = self.call
        joined = not call.unaccepted and call.connecting_at is not None
        for link, was_there in ((call.calling, True), (call.called, joined)):
            noted = link.absences
            lost = was_there and link.away_at is not None
            assert noted.replayed + noted.snapshots + lost <= noted.losses
            assert noted.kept <= noted.losses
            assert noted.longest_ms <= noted.total_ms <= self.now - START
            if self.call.reason is Reason.CONNECTION_LOST:
                assert noted.longest_ms <= TIMEOUTS.detached

    def away_since(self) -> tuple[int | None, int | None]:
        return self.call.calling.away_at, self.call.called.away_at

    @invariant()
    def each_side_knows_how_the_other_one_is_and_the_generation(self):
        if self.call.state in (State.CONNECTING, State.CONNECTED):
            assert self.knows_away == {"alice": self.away["bob"], "bob": self.away["alice"]}
            assert {*self.generation.values()} == {self.call.generation}
            assert [at is not None for at in self.away_since()] == [*self.away.values()]


TestAnyAbsence = AnyAbsence.TestCase
TestAnyAbsence.settings = settings(max_examples=150, stateful_step_count=40)


@given(
    earlier=st.lists(st.tuples(st.sampled_from([CALLER, CALLEE]), STATES), max_size=4),
    again=st.booleans(),
    every=st.integers(1_000, 10_000),
)
def test_a_call_whose_other_side_reports_connected_lives_up_to_the_limit(earlier, again, every):
    call: Call = CONNECTED._replace(**BOTH_RESUMABLE)
    for (user, session), state in earlier:
        report = happened.MediaReported(user, session, state)
        call = decide(call, report, NOW - 1_000, TIMEOUTS).call
    call = decide(call, happened.Detached(*CALLEE), NOW, TIMEOUTS).call
    if again:  # the present side takes over its own session
        returned = happened.Returned(*CALLER, "n1", "replayed", fresh=False)
        call = decide(call, returned, NOW, TIMEOUTS).call
    works = happened.MediaReported(*CALLER, MediaState.CONNECTED)
    for ms in range(0, TIMEOUTS.detached, every):
        assert call.deadline is not None
        assert call.deadline > NOW + ms
        call = decide(call, works, NOW + ms, TIMEOUTS).call
    assert call.deadline == NOW + TIMEOUTS.detached
