"""Each row of the table, by an example that takes it: where it leads, what changes, who is told.

A case names its row; `test_every_row_has_an_example` finds the row that has none.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from service.calls.call import MediaStage, State
from service.calls.effects import (
    Audience,
    CallAccepted,
    CallEnded,
    CallMedia,
    CallRejected,
    CallRinging,
    Message,
    Send,
)
from service.calls.events import (
    Accepted,
    Answered,
    DeadlinePassed,
    Event,
    HungUp,
    MediaReported,
    MediaState,
    Rejected,
    Rung,
    SessionLost,
    Silenced,
    Terminated,
)
from service.calls.machine import TRANSITIONS, Rule, decide
from service.calls.reasons import Reason
from tests.calls.situations import (
    ACCEPTED,
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
    UNANSWERED,
    changed,
)

LATER = NOW + 10 * 3_600_000


@dataclass(frozen=True)
class Case:
    """What follows from `event` in each of `states`; `to` None stays there."""

    states: tuple[State, ...]
    event: Event
    to: State | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    sends: tuple[Send, ...] = ()
    now: int = NOW


def over(reason: Reason, by: str | None, now: int = NOW) -> dict[str, Any]:
    ended = {"ended_at": now, "reason": reason, "deadline": None}
    return ended if by is None else {**ended, "ended_by": by}


def ended(by: str | None, reason: Reason, duration: int = 0) -> CallEnded:
    return CallEnded("c_1", by, reason, duration)


def to(message: Message, *audiences: Audience) -> tuple[Send, ...]:
    return tuple(Send(audience, message) for audience in audiences)


def ends(
    states: tuple[State, ...], event: Event, by: str | None, reason: Reason, now: int = NOW
) -> Case:
    """The call ends for both sides, and for another device that ended it."""
    taken = states[0] in TAKEN
    message = ended(by, reason, now - ACCEPTED if taken else 0)
    called = Audience.CALLEE if taken else Audience.DEVICES
    elsewhere = isinstance(event, HungUp) and event.session in {"a2", "b2"}
    audiences = (*([Audience.ACTOR] if elsewhere else []), Audience.CALLER, called)
    sends = to(message, *audiences)
    return Case(states, event, State.ENDED, over(reason, by, now), sends, now)


def declined(event: Event, told: Message, reason: Reason) -> Case:
    """The callee's answer ends the call; the other devices stop."""
    elsewhere = ended("bob", Reason.REJECTED_ELSEWHERE)
    sends = (
        *to(told, Audience.ACTOR, Audience.CALLER),
        *to(elsewhere, Audience.OTHER_DEVICES),
    )
    return Case(UNANSWERED, event, State.ENDED, over(reason, "bob"), sends)


def rejected(reason: Reason) -> CallRejected:
    return CallRejected("c_1", "bob", reason)


ACCEPT = Case(
    UNANSWERED,
    Accepted(*CALLEE),
    State.CONNECTING,
    {"callee_session": "b1", "accepted_at": NOW, "deadline": NOW + TIMEOUTS.connect},
    (
        *to(CallAccepted("c_1", "bob"), Audience.ACTOR, Audience.CALLER),
        *to(ended("bob", Reason.ANSWERED_ELSEWHERE), Audience.OTHER_DEVICES),
    ),
)
RING = Case(
    (State.INITIATING,),
    Rung(),
    State.RINGING,
    {"ringing_at": NOW, "devices": 1},
    to(CallRinging("c_1", "bob"), Audience.CALLER),
)
CONNECT = Case(
    (State.CONNECTING,),
    Answered(*CALLEE),
    State.CONNECTED,
    {"connected_at": NOW, "deadline": ACCEPTED + LONGEST},
)
SILENCE = Case(
    UNANSWERED,
    Silenced(*CALLEE, Reason.BUSY),
    None,
    {"silenced": frozenset({"b1"})},
    to(rejected(Reason.BUSY), Audience.ACTOR),
)
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


CASES = (
    RING,
    Case((State.RINGING,), Rung(2), None, {"devices": 3}),
    Case((*TAKEN, State.ENDED), Rung()),
    ACCEPT,
    declined(Rejected(*CALLEE), rejected(Reason.REJECTED), Reason.REJECTED),
    declined(Rejected(*CALLEE, Reason.BUSY), rejected(Reason.BUSY), Reason.BUSY),
    declined(Rejected("bob", None), rejected(Reason.REJECTED), Reason.REJECTED),
    declined(Silenced(*CALLEE, last=True), rejected(Reason.REJECTED), Reason.REJECTED),
    declined(Silenced(*CALLEE, Reason.BUSY, last=True), rejected(Reason.BUSY), Reason.BUSY),
    SILENCE,
    ends(UNANSWERED, HungUp(*CALLER), "alice", Reason.CANCELLED),
    ends(UNANSWERED, HungUp(*CALLER, Reason.ERROR), "alice", Reason.ERROR),
    ends(UNANSWERED, HungUp(*CALLER, Reason.COMPLETED), "alice", Reason.CANCELLED),
    ends(UNANSWERED, HungUp(*CALLERS_OTHER), "alice", Reason.CANCELLED),
    ends(UNANSWERED, HungUp(*CALLERS_OTHER, Reason.ERROR), "alice", Reason.ERROR),
    declined(HungUp(*CALLEE), ended("bob", Reason.REJECTED), Reason.REJECTED),
    declined(HungUp(*CALLEE, Reason.COMPLETED), ended("bob", Reason.REJECTED), Reason.REJECTED),
    declined(
        HungUp(*CALLEE, Reason.MEDIA_FAILED), ended("bob", Reason.MEDIA_FAILED), Reason.MEDIA_FAILED
    ),
    ends(UNANSWERED, SessionLost(*CALLER, last=False), "alice", Reason.CONNECTION_LOST),
    ends(UNANSWERED, SessionLost(*CALLEE, last=True), "bob", Reason.CONNECTION_LOST),
    Case(UNANSWERED, SessionLost(*CALLEE, last=False)),
    Case((*UNANSWERED, *TAKEN), SessionLost(*CALLERS_OTHER, last=True)),
    ends(UNANSWERED, DeadlinePassed(), None, Reason.NO_ANSWER, LATER),
    Case((*UNANSWERED, *TAKEN), DeadlinePassed()),
    ends(UNANSWERED, Terminated(Reason.SERVER_SHUTDOWN), None, Reason.SERVER_SHUTDOWN),
    CONNECT,
    ends((State.CONNECTING,), DeadlinePassed(), None, Reason.CONNECT_TIMEOUT, LATER),
    Case((State.CONNECTED,), Answered(*CALLER)),
    ends((State.CONNECTED,), DeadlinePassed(), None, Reason.MAX_DURATION, LATER),
    ends(TAKEN, HungUp(*CALLER), "alice", Reason.COMPLETED),
    ends(TAKEN, HungUp(*CALLEE, Reason.ERROR), "bob", Reason.ERROR),
    ends(TAKEN, HungUp(*CALLERS_OTHER), "alice", Reason.COMPLETED),
    ends(TAKEN, HungUp(*CALLEES_OTHER, Reason.ERROR), "bob", Reason.ERROR),
    media(CALLER, MediaState.CONNECTED, Audience.CALLEE),
    media(CALLEE, MediaState.CONNECTED, Audience.CALLER),
    media(CALLEE, MediaState.FAILED, Audience.CALLER),
    ends(TAKEN, SessionLost(*CALLER, last=True), "alice", Reason.CONNECTION_LOST),
    ends(TAKEN, SessionLost(*CALLEE, last=False), "bob", Reason.CONNECTION_LOST),
    Case(TAKEN, SessionLost(*CALLEES_OTHER, last=True)),
    ends(TAKEN, Terminated(Reason.ADMIN_TERMINATED), None, Reason.ADMIN_TERMINATED),
    TELL_ENDED,
    Case((State.ENDED,), SessionLost(*CALLEE, last=True)),
    Case((State.ENDED,), DeadlinePassed(), now=LATER),
    Case((State.ENDED,), Terminated(Reason.SERVER_SHUTDOWN)),
)

Row = tuple[State, type[Event], int]


def row_of(state: State, case: Case) -> Row:
    """The row that a case takes."""
    call = CALLS[state]
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
    before = CALLS[state]
    decision = decide(before, case.event, case.now, TIMEOUTS)
    moved = {} if case.to is None else {"state": case.to}
    rung = before.unanswered and not decision.call.unanswered  # what only a ring tells is let go
    assert changed(before, decision) == {
        **moved,
        **case.changes,
        **({"metadata": None} if rung else {}),
    }
    assert decision.sends == case.sends
    assert decision.call.revision == before.revision + bool(moved or case.changes)


@pytest.mark.parametrize(("state", "case"), examples())
def test_what_changes_nothing_returns_the_same_call(state, case):
    decision = decide(CALLS[state], case.event, case.now, TIMEOUTS)
    assert (decision.call is CALLS[state]) is (case.to is None and not case.changes)


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
