"""A call moves to another session of its user: who may take it, and what the two sides keep."""

import pytest

from service import errors
from service.calls.call import Link, MediaState, State
from service.calls.effects import Audience, CallPeerReconnecting
from service.calls.events import Detached, HungUp, MediaReported, Moving
from service.calls.machine import decide
from service.session_ref import SessionRef
from tests.calls.situations import (
    BOTH_RESUMABLE,
    CALLEE,
    CALLEES_OTHER,
    CALLER,
    CALLERS_OTHER,
    CALLS,
    CONNECTED,
    ENDLESS,
    NOW,
    STRANGER,
    TAKEN,
    TIMEOUTS,
    after,
)

OPEN = CONNECTED._replace(**BOTH_RESUMABLE)


def taking(who: tuple[str, str], moves: int = 0, *, resumable: bool = True) -> Moving:
    return Moving(*who, "n3", resumable, moves)


@pytest.mark.parametrize("state", TAKEN)
def test_the_mover_is_bound_in_the_place_of_the_other_session(state):
    call = after(CALLS[state]._replace(**BOTH_RESUMABLE), taking(CALLEES_OTHER), NOW)
    assert call.parties[1] == SessionRef("b2", "bob", "n3", resumable=True)
    assert not call.binds("b1")
    assert (call.moves, call.generation, call.state) == (1, 1, state)


def test_of_two_movers_one_wins():
    moved = after(OPEN, taking(CALLERS_OTHER), NOW)
    with pytest.raises(errors.AlreadyAnswered):
        decide(moved, taking(("alice", "a3")), NOW, TIMEOUTS)
    again = after(moved, taking(("alice", "a3"), moves=1), NOW)
    assert (again.caller_session, again.moves, again.generation) == ("a3", 2, 2)


@pytest.mark.parametrize("who", [CALLER, CALLEE])
def test_who_has_the_call_cannot_take_it(who):
    with pytest.raises(errors.InvalidState, match="on this session already"):
        decide(OPEN, taking(who), NOW, TIMEOUTS)


def test_a_plain_session_cannot_take_a_call():
    with pytest.raises(errors.InvalidState, match="Only a resumable session"):
        decide(OPEN, taking(CALLERS_OTHER, resumable=False), NOW, TIMEOUTS)


def test_what_a_plain_peer_cannot_follow_is_not_done_to_it():
    plain = OPEN._replace(called=Link())
    with pytest.raises(errors.InvalidState, match="cannot follow"):
        decide(plain, taking(CALLERS_OTHER), NOW, TIMEOUTS)


def test_a_plain_session_may_be_replaced():
    call = after(OPEN._replace(calling=Link()), taking(CALLERS_OTHER), NOW)
    assert call.parties[0].resumable


def test_a_stranger_cannot_take_a_call():
    with pytest.raises(errors.NotParticipant):
        decide(OPEN, taking(STRANGER), NOW, TIMEOUTS)


@pytest.mark.parametrize("state", [State.INITIATING, State.RINGING])
def test_a_call_that_nobody_has_accepted_does_not_move(state):
    with pytest.raises(errors.InvalidState, match=f"The call is {state}"):
        decide(CALLS[state], taking(CALLERS_OTHER), NOW, TIMEOUTS)


def test_what_the_replaced_session_reports_counts_no_more():
    moved = after(OPEN, taking(CALLERS_OTHER), NOW)
    with pytest.raises(errors.NotParticipant):
        decide(moved, MediaReported(*CALLER, MediaState.CONNECTED), NOW, TIMEOUTS)


def test_the_mover_has_reported_nothing_yet():
    reported = after(OPEN, MediaReported(*CALLER, MediaState.CONNECTED), NOW)
    assert after(reported, taking(CALLERS_OTHER), NOW).calling == Link(resumable=True)


def test_the_replaced_session_may_still_end_the_call_and_is_told():
    moved = after(OPEN, taking(CALLERS_OTHER), NOW)
    ending = decide(moved, HungUp(*CALLER), NOW, TIMEOUTS)
    assert ending.call.state is State.ENDED
    audiences = [send.to for send in ending.sends]
    assert audiences == [Audience.ACTOR, Audience.CALLER, Audience.CALLEE]


def test_a_call_leaves_a_session_that_is_away():
    away = after(OPEN, Detached(*CALLER), NOW, ENDLESS)
    moved = after(away, taking(CALLERS_OTHER), NOW + 5_000, ENDLESS)
    assert moved.calling.away_at is None
    assert moved.deadline is None


def test_who_takes_a_call_whose_other_side_is_away_is_told_that_and_owes_a_report():
    away = after(OPEN, Detached(*CALLEE), NOW, ENDLESS)
    later = NOW + 25_000
    moving = decide(away, taking(CALLERS_OTHER), later, ENDLESS)
    assert moving.call.deadline == later + 10_000
    told = [send.message for send in moving.sends if send.to is Audience.ACTOR]
    assert told[1:] == [CallPeerReconnecting("c_1", "bob")]
