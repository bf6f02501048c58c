"""Each row of the table, by an example that takes it: where it leads, what changes, who is told.

A case names its row; `test_every_row_has_an_example` finds the row that has none.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from service.calls.call import MOST_DEVICES, Absences, Call, Link, MediaStage, MediaState, State
from service.calls.effects import (
    Audience,
    CallAccepted,
    CallEnded,
    CallMedia,
    CallMoved,
    CallPeerMoved,
    CallPeerReconnected,
    CallPeerReconnecting,
    CallRejected,
    CallRinging,
    Message,
    Send,
)
from service.calls.events import (
    Accepted,
    DeadlinePassed,
    Detached,
    Event,
    HungUp,
    MediaReported,
    Moving,
    Negotiated,
    Rejected,
    Returned,
    Rung,
    SessionLost,
    Silenced,
    Terminated,
)
from service.calls.machine import TRANSITIONS, Rule, decide
from service.calls.reasons import Reason
from service.session_ref import SessionRef
from tests.calls.situations import (
    ACCEPTED,
    B1,
    B2,
    B3,
    BOTH_RESUMABLE,
    CALLEE,
    CALLEES_OTHER,
    CALLER,
    CALLERS_OTHER,
    CALLS,
    ENDED,
    LONGEST,
    NOW,
    TAKEN,
    TIMEOUTS,
    UNACCEPTED,
    changed,
)

LATER = NOW + 10 * 3_600_000


@dataclass(frozen=True)
class Case:
    """What follows from `event` in each of `states`, as `given`; `to` None stays there."""

    states: tuple[State, ...]
    event: Event
    to: State | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    sends: tuple[Send, ...] = ()
    now: int = NOW
    given: dict[str, Any] = field(default_factory=dict)

    def before(self, state: State) -> Call:
        return CALLS[state]._replace(**self.given)


ALONE = {"silenced": frozenset({"b2"})}
"""Of the callee's devices `b1` is the one that rings."""

B3_SILENT = {"silenced": frozenset({"b3"})}
"""A device that joined later declined, or left, before the call heard that it rings."""
CROWDED = {"silenced": frozenset(f"gone {n}" for n in range(MOST_DEVICES))}
"""So many of the callee's sessions have come and gone."""


def over(reason: Reason, by: str | None, now: int = NOW) -> dict[str, Any]:
    ended = {"ended_at": now, "reason": reason, "deadline": None}
    return ended if by is None else {**ended, "ended_by": by}


def ended(by: str | None, reason: Reason, duration: int = 0) -> CallEnded:
    return CallEnded("c_1", by, reason, duration)


def to(message: Message, *audiences: Audience) -> tuple[Send, ...]:
    return tuple(Send(audience, message) for audience in audiences)


def ends(
    states: tuple[State, ...],
    event: Event,
    by: str | None,
    reason: Reason,
    now: int = NOW,
    given: dict[str, Any] | None = None,
) -> Case:
    """The call ends for both sides, and for another device that ended it."""
    taken = states[0] in TAKEN
    message = ended(by, reason, now - ACCEPTED if taken else 0)
    called = Audience.CALLEE if taken else Audience.DEVICES
    elsewhere = isinstance(event, HungUp) and event.session in {"a2", "b2"}
    audiences = (*([Audience.ACTOR] if elsewhere else []), Audience.CALLER, called)
    sends = to(message, *audiences)
    return Case(states, event, State.ENDED, over(reason, by, now), sends, now, given or {})


def declined(
    event: Rejected | Silenced | HungUp,
    told: Message,
    reason: Reason,
    given: dict[str, Any] | None = None,
) -> Case:
    """The callee's answer ends the call; the other devices stop, and nobody is told twice."""
    changes = over(reason, "bob")
    if event.session is not None:
        changes["silenced"] = (given or {}).get("silenced", frozenset()) | {event.session}
    elsewhere = ended("bob", Reason.REJECTED_ELSEWHERE)
    sends = (
        *to(told, Audience.ACTOR, Audience.CALLER),
        *to(elsewhere, Audience.OTHER_DEVICES),
    )
    return Case(UNACCEPTED, event, State.ENDED, changes, sends, given=given or {})


def rejected(reason: Reason) -> CallRejected:
    return CallRejected("c_1", "bob", reason)


ACCEPT = Case(
    UNACCEPTED,
    Accepted(*CALLEE, "n2"),
    State.CONNECTING,
    {
        "callee_session": "b1",
        "callee_node": "n2",
        "accepted_at": NOW,
        "connecting_at": NOW,
        "deadline": NOW + TIMEOUTS.connect,
    },
    (
        *to(CallAccepted("c_1", "bob"), Audience.ACTOR, Audience.CALLER),
        *to(ended("bob", Reason.ANSWERED_ELSEWHERE), Audience.OTHER_DEVICES),
    ),
)


def ring(device: SessionRef | None, **changes: Any) -> Case:
    """The first device has it."""
    told = to(CallRinging("c_1", "bob"), Audience.CALLER)
    return Case(
        (State.INITIATING,), Rung(device), State.RINGING, {"ringing_at": NOW, **changes}, told
    )


def rings_in_vain(states: tuple[State, ...], *told: Any, **given: Any) -> Case:
    """A device that comes late rings for nothing, and is told how that came."""
    return Case(states, Rung(B3), sends=to(ended(*told), Audience.ACTOR), given=given)


CONNECT = Case(
    (State.CONNECTING,),
    Negotiated(*CALLEE),
    State.CONNECTED,
    {"connected_at": NOW, "deadline": ACCEPTED + LONGEST},
)
SILENCE = Case(
    UNACCEPTED,
    Silenced(*CALLEE, Reason.BUSY),
    None,
    {"silenced": frozenset({"b1"})},
    to(rejected(Reason.BUSY), Audience.ACTOR),
)
SILENCED_AGAIN = to(rejected(Reason.REJECTED), Audience.ACTOR)
OTHERS = frozenset({"b2"})
LEAVE = Case(UNACCEPTED, SessionLost(*CALLEE, OTHERS), None, {"silenced": frozenset({"b1"})})
TELL_ENDED = Case(
    (State.ENDED,),
    HungUp(*CALLEES_OTHER),
    sends=to(ended("alice", Reason.MEDIA_FAILED, ENDED - ACCEPTED), Audience.ACTOR),
)


def media(actor: tuple[str, str], state: MediaState, other: Audience) -> Case:
    first: dict[MediaState, dict[str, object]] = {
        MediaState.CONNECTED: {"media_at": NOW},
        MediaState.FAILED: {"media_failed": MediaStage.CONNECTING},
        MediaState.DISCONNECTED: {},
    }
    told = CallMedia("c_1", actor[0], state)
    return Case(TAKEN, MediaReported(*actor, state), None, first[state], to(told, other))


AWAY = Link(resumable=True, away_at=NOW, absences=Absences(losses=1))
BACK = Link(resumable=True, absences=Absences(losses=1, replayed=1))


def detach(state: State, **changes: Any) -> Case:
    """The callee's session loses its connection."""
    told = to(CallPeerReconnecting("c_1", "bob"), Audience.CALLER)
    moved = {"called": AWAY, **changes}
    return Case((state,), Detached(*CALLEE), None, moved, told, given=BOTH_RESUMABLE)


DETACH_BEFORE_THE_ACCEPT = Case(
    UNACCEPTED,
    Detached(*CALLER),
    None,
    {"calling": AWAY, "deadline": NOW + TIMEOUTS.window},
    given={"calling": Link(resumable=True)},
)


def back(who: tuple[str, str], *, fresh: bool = False) -> Returned:
    return Returned(*who, "n1" if who == CALLER else "n2", "replayed", fresh)


COME_BACK = Case(
    TAKEN,
    back(CALLER, fresh=True),
    None,
    {"calling": BACK, "generation": 1},
    to(CallPeerReconnected("c_1", "alice", "replayed", fresh=True, generation=1), Audience.CALLEE),
    given={**BOTH_RESUMABLE, "calling": AWAY},
)


RING_ELSEWHERE = Case(
    UNACCEPTED,
    Returned("bob", "b1", "n3", "replayed", fresh=False),
    None,
    {"devices": (B1._replace(node="n3"), B2)},
)


def move(state: State, **changes: Any) -> Case:
    """The caller takes the call to another session."""
    taken = {"caller_session": "a2", "caller_node": "n3", "connecting_at": NOW, "moves": 1}
    sends = (
        *to(CallMoved("c_1", "alice", 1), Audience.ACTOR),
        *to(ended("alice", Reason.MOVED, NOW - ACCEPTED), Audience.REPLACED),
        *to(CallPeerMoved("c_1", "alice", 1), Audience.CALLEE),
    )
    event = Moving(*CALLERS_OTHER, "n3", resumable=True, moves=0)
    moved = {**taken, "generation": 1, **changes}
    return Case((state,), event, None, moved, sends, given=BOTH_RESUMABLE)


CASES = (
    ring(B1),
    ring(None),
    ring(B3, devices=(B1, B2, B3)),
    Case((State.RINGING,), Rung(B3), None, {"devices": (B1, B2, B3)}),
    Case((State.RINGING,), Rung(B1)),
    Case((State.RINGING,), Rung(B3), None, {"devices": (B1, B2, B3)}, given=B3_SILENT),
    Case((*TAKEN, State.ENDED), Rung(B3), given=B3_SILENT),
    rings_in_vain((*TAKEN, State.ENDED), "bob", Reason.ANSWERED_ELSEWHERE),
    rings_in_vain(
        (State.ENDED,),
        "alice",
        Reason.CANCELLED,
        accepted_at=None,
        callee_session=None,
        reason=Reason.CANCELLED,
    ),
    rings_in_vain(
        (State.ENDED,),
        None,
        Reason.NO_ANSWER,
        accepted_at=None,
        callee_session=None,
        reason=Reason.NO_ANSWER,
        ended_by=None,
    ),
    *(
        rings_in_vain(
            (State.ENDED,),
            "bob",
            told,
            accepted_at=None,
            callee_session=None,
            reason=reason,
            ended_by="bob",
        )
        for reason, told in (
            (Reason.REJECTED, Reason.REJECTED_ELSEWHERE),
            (Reason.BUSY, Reason.REJECTED_ELSEWHERE),
            (Reason.ERROR, Reason.REJECTED_ELSEWHERE),
            (Reason.CONNECTION_LOST, Reason.CONNECTION_LOST),
        )
    ),
    Case((*TAKEN, State.ENDED), Rung(B2)),
    Case((*TAKEN, State.ENDED), Rung(SessionRef("b1", "bob")), given={"devices": ()}),
    Case((*TAKEN, State.ENDED), Rung()),
    ACCEPT,
    declined(Rejected(*CALLEE), rejected(Reason.REJECTED), Reason.REJECTED),
    declined(Rejected(*CALLEE, Reason.BUSY), rejected(Reason.BUSY), Reason.BUSY),
    declined(Rejected("bob", None), rejected(Reason.REJECTED), Reason.REJECTED),
    declined(Silenced(*CALLEE), rejected(Reason.REJECTED), Reason.REJECTED, ALONE),
    declined(Silenced(*CALLEE, Reason.BUSY), rejected(Reason.BUSY), Reason.BUSY, ALONE),
    SILENCE,
    Case(UNACCEPTED, Silenced(*CALLEES_OTHER), sends=SILENCED_AGAIN, given=ALONE),
    ends(UNACCEPTED, HungUp(*CALLER), "alice", Reason.CANCELLED),
    ends(UNACCEPTED, HungUp(*CALLER, Reason.ERROR), "alice", Reason.ERROR),
    ends(UNACCEPTED, HungUp(*CALLER, Reason.COMPLETED), "alice", Reason.CANCELLED),
    ends(UNACCEPTED, HungUp(*CALLERS_OTHER), "alice", Reason.CANCELLED),
    ends(UNACCEPTED, HungUp(*CALLERS_OTHER, Reason.ERROR), "alice", Reason.ERROR),
    declined(HungUp(*CALLEE), ended("bob", Reason.REJECTED), Reason.REJECTED),
    declined(HungUp(*CALLEE, Reason.COMPLETED), ended("bob", Reason.REJECTED), Reason.REJECTED),
    declined(
        HungUp(*CALLEE, Reason.MEDIA_FAILED), ended("bob", Reason.MEDIA_FAILED), Reason.MEDIA_FAILED
    ),
    ends(UNACCEPTED, SessionLost(*CALLER, OTHERS), "alice", Reason.CONNECTION_LOST),
    ends(UNACCEPTED, SessionLost(*CALLEE), "bob", Reason.CONNECTION_LOST),
    ends(UNACCEPTED, SessionLost(*CALLEE, OTHERS), "bob", Reason.CONNECTION_LOST, given=ALONE),
    LEAVE,
    Case(UNACCEPTED, SessionLost(*CALLEE, rings_on=True), None, LEAVE.changes),
    Case(UNACCEPTED, SessionLost(*CALLEES_OTHER, frozenset({"b1"})), given=ALONE),
    Case(UNACCEPTED, SessionLost("bob", "b3", OTHERS), None, {"silenced": frozenset({"b3"})}),
    Case(UNACCEPTED, SessionLost("bob", "b3", OTHERS), given=CROWDED),
    Case(
        UNACCEPTED,
        SessionLost(*CALLEE, OTHERS),
        None,
        {"silenced": CROWDED["silenced"] | {"b1"}},
        given=CROWDED,
    ),
    Case((*UNACCEPTED, *TAKEN), SessionLost(*CALLERS_OTHER)),
    ends(UNACCEPTED, DeadlinePassed(), None, Reason.NO_ANSWER, LATER),
    Case((*UNACCEPTED, *TAKEN), DeadlinePassed()),
    ends(UNACCEPTED, Terminated(Reason.SERVER_SHUTDOWN), None, Reason.SERVER_SHUTDOWN),
    CONNECT,
    ends((State.CONNECTING,), DeadlinePassed(), None, Reason.CONNECT_TIMEOUT, LATER),
    Case((State.CONNECTED,), Negotiated(*CALLER)),
    ends((State.CONNECTED,), DeadlinePassed(), None, Reason.MAX_DURATION, LATER),
    ends(TAKEN, HungUp(*CALLER), "alice", Reason.COMPLETED),
    ends(TAKEN, HungUp(*CALLEE, Reason.ERROR), "bob", Reason.ERROR),
    ends(TAKEN, HungUp(*CALLERS_OTHER), "alice", Reason.COMPLETED),
    ends(TAKEN, HungUp(*CALLEES_OTHER, Reason.ERROR), "bob", Reason.ERROR),
    media(CALLER, MediaState.CONNECTED, Audience.CALLEE),
    media(CALLEE, MediaState.CONNECTED, Audience.CALLER),
    media(CALLEE, MediaState.FAILED, Audience.CALLER),
    ends(TAKEN, SessionLost(*CALLER), "alice", Reason.CONNECTION_LOST),
    ends(TAKEN, SessionLost(*CALLEE, OTHERS), "bob", Reason.CONNECTION_LOST),
    Case(TAKEN, SessionLost(*CALLEES_OTHER)),
    detach(State.CONNECTING),
    detach(State.CONNECTED, deadline=NOW + TIMEOUTS.window),
    DETACH_BEFORE_THE_ACCEPT,
    COME_BACK,
    RING_ELSEWHERE,
    Case(UNACCEPTED, back(CALLER)),
    Case((*UNACCEPTED, *TAKEN, State.ENDED), Detached(*CALLEES_OTHER)),
    Case((*UNACCEPTED, *TAKEN, State.ENDED), back(CALLEES_OTHER, fresh=True)),
    ends(TAKEN, back(CALLEE, fresh=True), "bob", Reason.CONNECTION_LOST),
    move(State.CONNECTING, deadline=NOW + TIMEOUTS.connect),
    move(State.CONNECTED),
    ends(TAKEN, Terminated(Reason.ADMIN_TERMINATED), None, Reason.ADMIN_TERMINATED),
    TELL_ENDED,
    Case((State.ENDED,), SessionLost(*CALLEE)),
    Case((State.ENDED,), DeadlinePassed(), now=LATER),
    Case((State.ENDED,), Terminated(Reason.SERVER_SHUTDOWN)),
)

Row = tuple[State, type[Event], int]


def row_of(state: State, case: Case) -> Row:
    """The row that a case takes."""
    call = case.before(state)
    rows = TRANSITIONS[state, type(case.event)]
    for number, rule in enumerate(rows):
        if rule.when is None or rule.when(call, case.event, case.now):
            return state, type(case.event), number
    raise LookupError(f"no row for {case.event} in {state}")


def named(state: State, event: type[Event], rule: Rule) -> str:
    when = f"[{rule.when.__name__}]" if rule.when else ""
    return f"{state}+{event.__name__}{when}->{rule.to or 'stays'}"


def examples() -> list[Any]:
    params = []
    for case in CASES:
        for state in case.states:
            _, event, number = row_of(state, case)
            rule = TRANSITIONS[state, event][number]
            params.append(pytest.param(state, case, id=named(state, event, rule)))
    return params


@pytest.mark.parametrize(("state", "case"), examples())
def test_row(state, case):
    before = case.before(state)
    decision = decide(before, case.event, case.now, TIMEOUTS)
    moved = {} if case.to is None else {"state": case.to}
    rung = before.unaccepted and not decision.call.unaccepted  # what only a ring tells is let go
    assert changed(before, decision) == {
        **moved,
        **case.changes,
        **({"metadata": None} if rung else {}),
    }
    assert decision.sends == case.sends
    assert decision.call.revision == before.revision + bool(moved or case.changes)


@pytest.mark.parametrize(("state", "case"), examples())
def test_what_changes_nothing_returns_the_same_call(state, case):
    before = case.before(state)
    decision = decide(before, case.event, case.now, TIMEOUTS)
    assert (decision.call is before) is (case.to is None and not case.changes)


def test_every_row_has_an_example():
    shown = {row_of(state, case) for case in CASES for state in case.states}
    rows = {
        (state, event, number)
        for (state, event), rules in TRANSITIONS.items()
        for number in range(len(rules))
    }
    missing = [
        named(state, event, TRANSITIONS[state, event][n]) for state, event, n in rows - shown
    ]
    assert missing == []


def test_rows_behind_one_that_always_applies_would_be_dead():
    for rules in TRANSITIONS.values():
        assert all(rule.when is not None for rule in rules[:-1])
