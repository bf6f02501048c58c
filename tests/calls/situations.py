"""A call in each of its states, and everybody who may do something to it.

Alice calls Bob from `a1`; Bob has `b1`, which accepts, and `b2`; `b3` joins later. Eve is a
stranger.
"""

from dataclasses import replace
from typing import Any

from service.calls.call import Call, CallType, Link, State
from service.calls.events import Accepted, Event, HungUp, Negotiated, Rung
from service.calls.machine import Decision, decide
from service.calls.reasons import Reason
from service.calls.timeouts import Timeouts
from service.session_ref import SessionRef

START = 1_795_000_000_000
LONGEST = 3_600_000
TIMEOUTS = Timeouts(ring=45_000, connect=30_000, longest=LONGEST)
ENDLESS = replace(TIMEOUTS, longest=None)

PLACED, RANG, ACCEPTED, ANSWERED, ENDED = (START + 1_000 * i for i in range(5))
NOW = START + 10_000

CALLER = ("alice", "a1")
CALLERS_OTHER = ("alice", "a2")
CALLEE = ("bob", "b1")
CALLEES_OTHER = ("bob", "b2")
STRANGER = ("eve", "e1")
B1, B2, B3 = (SessionRef(name, "bob", "n2") for name in ("b1", "b2", "b3"))
ACTORS = (CALLER, CALLERS_OTHER, CALLEE, CALLEES_OTHER, STRANGER)


def placed(timeouts: Timeouts = TIMEOUTS, devices: tuple[SessionRef, ...] = (B1, B2)) -> Call:
    """A call as the store has it: with the callee's devices."""
    return Call(
        id="c_1",
        type=CallType.VIDEO,
        caller="alice",
        caller_session="a1",
        caller_node="n1",
        caller_name="Alice",
        callee="bob",
        metadata=b'{"topic":"tea"}',
        created_at=PLACED,
        deadline=PLACED + timeouts.ring,
        devices=devices,
    )


def after(call: Call, event: Event, now: int, timeouts: Timeouts = TIMEOUTS) -> Call:
    return decide(call, event, now, timeouts).call


INITIATING = placed()
RINGING = after(INITIATING, Rung(B1), RANG)
CONNECTING = after(RINGING, Accepted(*CALLEE, B1.node), ACCEPTED)
CONNECTED = after(CONNECTING, Negotiated(*CALLEE), ANSWERED)
OVER = after(CONNECTED, HungUp(*CALLER, Reason.MEDIA_FAILED), ENDED)

BOTH_RESUMABLE: dict[str, Any] = {"calling": Link(resumable=True), "called": Link(resumable=True)}
"""The links of a call between two resumable sessions."""

CALLS: dict[State, Call] = {
    State.INITIATING: INITIATING,
    State.RINGING: RINGING,
    State.CONNECTING: CONNECTING,
    State.CONNECTED: CONNECTED,
    State.ENDED: OVER,
}
UNACCEPTED = (State.INITIATING, State.RINGING)
TAKEN = (State.CONNECTING, State.CONNECTED)


def changed(before: Call, decision: Decision) -> dict[str, Any]:
    """The fields that a decision changed, revision apart."""
    return {
        name: getattr(decision.call, name)
        for name in Call._fields
        if name != "revision" and getattr(decision.call, name) != getattr(before, name)
    }
