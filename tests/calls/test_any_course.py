"""Whatever everybody does in whatever order, a call keeps its promises (hypothesis, stateful)."""

from copy import deepcopy

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from service import errors
from service.calls import events as happened
from service.calls.call import Call, MediaState, State
from service.calls.effects import Audience, Send
from service.calls.machine import Decision, decide
from service.calls.reasons import Reason
from service.session_ref import SessionRef
from tests.calls.situations import ENDLESS, START, TIMEOUTS, placed

ORDER = list(State)
DEVICES = ("b1", "b2", "b3")
USERS = {"a1": "alice", "a2": "alice", **dict.fromkeys(DEVICES, "bob"), "e1": "eve"}

anybody = st.sampled_from(sorted(USERS))
declining = st.sampled_from([reason for reason in Reason if reason.said_in == "call:reject"])
hanging_up = st.sampled_from([None, *(reason for reason in Reason if reason.said_in == "call:end")])
devices = st.sampled_from(DEVICES)
operators = st.sampled_from([Reason.ADMIN_TERMINATED, Reason.SERVER_SHUTDOWN])
stretches = st.integers(0, 60_000) | st.just(TIMEOUTS.longest or 0)


def why(before: Call, event: happened.Event) -> Reason:
    """The one reason for which `event` may end a call in that state."""
    match event:
        case happened.Rejected(reason=said) | happened.Silenced(reason=said):
            return said
        case happened.Terminated(said):
            return said
        case happened.HungUp(user, _, said):
            early = Reason.CANCELLED if user == before.caller else Reason.REJECTED
            meant = early if before.unaccepted else Reason.COMPLETED
            return meant if said in {None, Reason.COMPLETED} else said
        case happened.SessionLost():
            return Reason.CONNECTION_LOST
        case happened.DeadlinePassed():
            return {
                State.CONNECTING: Reason.CONNECT_TIMEOUT,
                State.CONNECTED: Reason.MAX_DURATION,
            }.get(before.state, Reason.NO_ANSWER)
    raise AssertionError(f"{event} ended a call")


class AnyCourse(RuleBasedStateMachine):
    """One call, two users with five devices, a stranger, an operator, and time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.timeouts = TIMEOUTS
        self.call = placed()
        self.online: set[str] = set()
        self.gone: set[str] = set()
        self.rung: set[str] = set()
        self.ring_on: set[str] = set()  # who has rung and has not heard why to stop
        self.unknown: set[str] = set()  # who has rung, which the call has not heard
        self.winner: str | None = None

    @initialize(endless=st.booleans(), online=st.sets(devices))
    def place(self, endless, online):
        self.timeouts = ENDLESS if endless else TIMEOUTS
        self.online = set(online)
        self.rung, self.ring_on = set(online), set(online)
        found = tuple(SessionRef(device, "bob") for device in sorted(online))
        self.call = placed(self.timeouts, found)
        self.now = self.call.created_at

    # What can happen.

    @rule()
    def ring(self):
        self.happens(happened.Rung())

    @rule(device=devices)
    def join_and_ring(self, device):
        """A device comes that the call does not know yet; once each."""
        if device not in self.rung:
            for known in (self.online, self.rung, self.ring_on, self.unknown):
                known.add(device)

    @precondition(lambda self: self.rung)
    @rule(data=st.data())
    def hear_that_a_device_rings(self, data):
        """Perhaps late, and perhaps twice."""
        device = data.draw(st.sampled_from(sorted(self.rung)))
        self.unknown.discard(device)
        self.happens(happened.Rung(SessionRef(device, "bob")), device)

    @rule(session=anybody)
    def accept(self, session):
        before = self.call
        if self.happens(happened.Accepted(USERS[session], session)):
            assert before.unaccepted
            assert self.winner is None
            self.winner = session

    @rule(session=anybody, reason=declining, http=st.booleans())
    def reject(self, session, reason, http):
        user = USERS[session]
        self.happens(happened.Rejected(user, None if http else session, reason))

    @rule(session=anybody, reason=declining)
    def silence(self, session, reason):
        rang = {ref.id for ref in self.call.ringing}
        taken = self.happens(happened.Silenced(USERS[session], session, reason))
        assert not taken or (self.call.state is not State.ENDED) is bool(rang - {session})

    @rule(session=anybody)
    def answer(self, session):
        self.happens(happened.Negotiated(USERS[session], session))

    @rule(session=anybody, reason=hanging_up)
    def hang_up(self, session, reason):
        self.happens(happened.HungUp(USERS[session], session, reason))

    @rule(session=anybody, state=st.sampled_from(MediaState))
    def report_media(self, session, state):
        self.happens(happened.MediaReported(USERS[session], session, state))

    @rule(session=anybody, rings_on=st.booleans())
    def lose(self, session, rings_on):
        before = self.call
        self.online.discard(session)
        self.ring_on.discard(session)
        self.gone.add(session)
        others = frozenset(self.online if USERS[session] == "bob" else ())
        lost = happened.SessionLost(USERS[session], session, others, rings_on)
        if self.happens(lost) and before.unaccepted and USERS[session] == "bob":
            assert (self.call.state is not State.ENDED) is (
                rings_on or bool(others - before.silenced)
            )
            silent = session in before.silenced
            assert (self.call is before) is (self.call.state is not State.ENDED and silent)

    @rule(ms=stretches)
    def pass_time(self, ms):
        self.now += ms

    @rule()
    def deadline(self):
        self.happens(happened.DeadlinePassed())

    @precondition(lambda self: self.call.state is not State.INITIATING)
    @rule(reason=operators)
    def terminate(self, reason):
        self.happens(happened.Terminated(reason))

    # What is then true.

    def happens(self, event: happened.Event, actor: str | None = None) -> bool:
        """Apply an event; tell whether the machine took it."""
        actor = actor or getattr(event, "session", None)
        before, as_it_was = self.call, deepcopy(self.call)
        try:
            decision = decide(before, event, self.now, self.timeouts)
        except errors.RinglineError:
            assert self.call == as_it_was
            return False
        assert before == as_it_was
        if actor in DEVICES:  # who has done something is not rung any more
            self.rung.add(actor)
        self.check_move(before, event, decision)
        self.check_sends(before, decision, actor)
        self.call = decision.call
        return True

    def check_move(self, before: Call, event: happened.Event, decision: Decision) -> None:
        after = decision.call
        if after is before:
            return
        assert before.state is not State.ENDED, "ended is final"
        assert after.revision == before.revision + 1
        assert ORDER.index(after.state) >= ORDER.index(before.state)
        if after.state is State.ENDED:
            assert after.reason is why(before, event)
            assert after.ended_by == getattr(event, "user", None)
            assert after.ended_at == self.now
        identity = {"id", "caller", "callee", "caller_session", "created_at", "type"}
        assert all(getattr(after, name) == getattr(before, name) for name in identity)

    def check_sends(self, before: Call, decision: Decision, actor: str | None) -> None:
        for send in decision.sends:
            assert send.message.call_id == self.call.id
            receivers = self.receivers(send, decision.call, actor)
            assert receivers.isdisjoint({"e1"}), "a stranger was told"
            assert receivers.isdisjoint(before.silenced - {actor, before.callee_session})
            if not before.unaccepted:
                assert receivers <= {before.caller_session, before.callee_session, actor}
            self.ring_on -= receivers

    def receivers(self, send: Send, after: Call, actor: str | None) -> set[str | None]:
        devices = {ref.id for ref in after.ringing}
        told: dict[Audience, set[str | None]] = {
            Audience.CALLER: {after.caller_session},
            Audience.CALLEE: {after.callee_session},
            Audience.ACTOR: {actor},
            Audience.DEVICES: {*devices},
            Audience.OTHER_DEVICES: {*(devices - {actor or ""})},
        }
        return told[send.to] - {None}

    @invariant()
    def there_is_a_deadline_when_the_state_times_out(self):
        endless = self.call.state is State.CONNECTED and self.timeouts.longest is None
        assert (self.call.deadline is not None) is (
            self.call.state is not State.ENDED and not endless
        )

    @invariant()
    def one_accept_wins_and_stays_the_winner(self):
        assert self.call.callee_session == self.winner
        assert (self.call.accepted_at is not None) is (self.winner is not None)
        assert self.winner is None or USERS[self.winner] == "bob"

    @invariant()
    def what_ended_says_when_and_why(self):
        ended = self.call.state is State.ENDED
        assert (self.call.reason is not None) is ended
        assert (self.call.ended_at is not None) is ended
        assert 0 <= self.call.duration_ms <= self.now - START

    @invariant()
    def each_device_rings_until_it_is_told_or_gone_and_no_longer(self):
        known = self.ring_on - self.unknown
        rings = {ref.id for ref in self.call.ringing} if self.call.unaccepted else set()
        assert rings.isdisjoint(self.gone), "one that is gone keeps the call from its end"
        assert known == rings - self.unknown

    @invariant()
    def the_callee_can_only_silence_its_own_devices(self):
        assert all(USERS[session] == "bob" for session in self.call.silenced)

    def teardown(self):
        """However it went, time alone ends it, or a party's hang-up where nothing bounds it."""
        if self.call.deadline is not None:
            self.now = max(self.now, self.call.deadline)
            assert self.happens(happened.DeadlinePassed())
            assert self.call.state is State.ENDED
        if self.call.state is not State.ENDED:
            assert self.call.state is State.CONNECTED
            assert self.timeouts.longest is None
            assert self.happens(happened.HungUp("alice", "a1"))
        for device in sorted(self.unknown):
            self.happens(happened.Rung(SessionRef(device, "bob")), device)
        assert self.ring_on == set()
        assert self.call.state is State.ENDED
        assert decide(self.call, happened.HungUp("bob", "b3"), self.now, TIMEOUTS).call is self.call


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = settings(max_examples=150, stateful_step_count=30)
