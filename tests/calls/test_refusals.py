"""What is not in the table is refused with its code, and nothing changes.

Every state, every event and every kind of actor are tried; `allowed` is the protocol's own
account of who may do what, written without a look at the table.
"""

from copy import deepcopy
from itertools import product
from typing import get_args

import pytest

from service import errors
from service.calls.call import MediaState, State
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
from service.calls.machine import TRANSITIONS, decide
from service.calls.reasons import Reason
from tests.calls.situations import (
    ACTORS,
    B1,
    B2,
    B3,
    CALLEE,
    CALLER,
    CALLERS_OTHER,
    CALLS,
    NOW,
    STRANGER,
    TIMEOUTS,
    UNACCEPTED,
)

REFUSED_PAIRS = {
    (State.INITIATING, Negotiated): "invalid_state",
    (State.INITIATING, MediaReported): "invalid_state",
    (State.RINGING, Negotiated): "invalid_state",
    (State.RINGING, MediaReported): "invalid_state",
    (State.INITIATING, Moving): "invalid_state",
    (State.RINGING, Moving): "invalid_state",
    (State.ENDED, Moving): "call_ended",
    (State.CONNECTING, Accepted): "already_answered",
    (State.CONNECTING, Rejected): "already_answered",
    (State.CONNECTING, Silenced): "already_answered",
    (State.CONNECTED, Accepted): "already_answered",
    (State.CONNECTED, Rejected): "already_answered",
    (State.CONNECTED, Silenced): "already_answered",
    (State.ENDED, Accepted): "call_ended",
    (State.ENDED, Rejected): "call_ended",
    (State.ENDED, Silenced): "call_ended",
    (State.ENDED, Negotiated): "call_ended",
    (State.ENDED, MediaReported): "call_ended",
}
"""What nobody may do in that state: the code that a participant gets for it."""

ANSWERS = (Accepted, Rejected, Silenced)
PARTIES_ONLY = (Negotiated, MediaReported)


def by(kind: type[Event], user: str, session: str) -> Event:
    """An event of that kind that this session causes."""
    if kind is MediaReported:
        return MediaReported(user, session, MediaState.CONNECTED)
    if kind is Returned:
        return Returned(user, session, "n1", "replayed", fresh=False)
    if kind is Moving:
        return Moving(user, session, "n1", resumable=True, moves=0)
    assert kind in {Accepted, Rejected, Silenced, Negotiated, HungUp, SessionLost, Detached}
    return kind(user, session)


def occurrences(kind: type[Event]) -> list[Event]:
    """The events of a kind, by everybody who may cause one."""
    if kind is Rung:
        return [Rung(), *map(Rung, (B1, B2, B3))]
    if kind is DeadlinePassed:
        return [DeadlinePassed()]
    if kind is Terminated:
        return [Terminated(Reason.ADMIN_TERMINATED)]
    return [by(kind, *actor) for actor in ACTORS]


def refusal(state: State, event: Event) -> str | None:
    """The code that the protocol has for it; None where it is fine."""
    kind, actor = type(event), (getattr(event, "user", None), getattr(event, "session", None))
    if actor == STRANGER or (kind in ANSWERS and actor in (CALLER, CALLERS_OTHER)):
        return "not_participant"
    if kind is Moving:  # these sessions are plain; tests/calls/test_moving.py has others
        return REFUSED_PAIRS.get((state, kind), "invalid_state")
    if (state, kind) in REFUSED_PAIRS:
        outsider = kind in PARTIES_ONLY and state is not State.ENDED and actor == CALLERS_OTHER
        return "not_participant" if outsider else REFUSED_PAIRS[state, kind]
    if kind in PARTIES_ONLY and state is not State.ENDED:
        bound = (CALLER,) if state in UNACCEPTED else (CALLER, CALLEE)
        return None if actor in bound else "not_participant"
    return None


PRODUCT = [
    pytest.param(state, event, id=f"{state}-{event}")
    for state, kind in product(State, get_args(Event))
    for event in occurrences(kind)
]


@pytest.mark.parametrize(("state", "event"), PRODUCT)
def test_every_event_in_every_state_by_everybody(state, event):
    call, code = CALLS[state], refusal(state, event)
    as_it_was = deepcopy(call)
    if code is None:
        assert decide(call, event, NOW, TIMEOUTS).call.id == call.id
    else:
        with pytest.raises(errors.RinglineError) as refused:
            decide(call, event, NOW, TIMEOUTS)
        assert refused.value.code == code
    assert call == as_it_was


def test_each_pair_is_either_in_the_table_or_refused():
    pairs = set(product(State, get_args(Event)))
    assert set(REFUSED_PAIRS) == pairs - set(TRANSITIONS)


def test_the_table_has_no_row_for_what_cannot_happen():
    assert set(TRANSITIONS) <= set(product(State, get_args(Event)))


def test_a_stranger_learns_nothing_of_the_state():
    told = set()
    for state, kind in product(State, (*ANSWERS, *PARTIES_ONLY, SessionLost, Detached, Moving)):
        with pytest.raises(errors.NotParticipant) as refused:
            decide(CALLS[state], by(kind, *STRANGER), NOW, TIMEOUTS)
        told.add(refused.value.message)
    assert len(told) == 1


def test_a_caller_cannot_answer_for_the_callee_and_is_told_so():
    with pytest.raises(errors.NotParticipant, match="Only the callee"):
        decide(CALLS[State.RINGING], Accepted(*CALLER), NOW, TIMEOUTS)


def test_a_refused_state_is_named():
    with pytest.raises(errors.InvalidState, match=r"^The call is ringing\.$"):
        decide(CALLS[State.RINGING], Negotiated(*CALLER), NOW, TIMEOUTS)
