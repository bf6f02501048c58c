"""A call is a value that answers a few questions about itself."""

import pytest

from service.calls.call import Absences, Link, State
from service.calls.events import Accepted
from service.session_ref import SessionRef
from tests.calls.situations import (
    ACCEPTED,
    B1,
    B2,
    CALLS,
    CONNECTED,
    ENDED,
    INITIATING,
    OVER,
    RANG,
    after,
)


def test_a_new_call_has_nobody_yet():
    assert INITIATING.state is State.INITIATING
    assert INITIATING.revision == 0
    assert INITIATING.callee_session is None


def test_the_deadline_of_a_ring_counts_from_the_initiate():
    ringing = CALLS[State.RINGING]
    assert ringing.ringing_at == RANG
    assert ringing.deadline == INITIATING.deadline


def test_a_call_cannot_be_changed():
    with pytest.raises(AttributeError):
        INITIATING.state = State.ENDED  # type: ignore[misc]


@pytest.mark.parametrize("state", State)
def test_only_a_call_before_its_accept_is_unaccepted(state):
    assert CALLS[state].unaccepted is (state in (State.INITIATING, State.RINGING))


def test_the_two_are_together_from_accept_to_end():
    assert OVER.duration_ms == ENDED - ACCEPTED


def test_a_call_that_nobody_accepted_has_no_duration():
    assert INITIATING._replace(state=State.ENDED, ended_at=ENDED).duration_ms == 0


def test_a_call_that_goes_on_has_no_duration_yet():
    assert CONNECTED.duration_ms == 0


def test_each_user_is_the_others_other():
    assert INITIATING.other("alice") == "bob"
    assert INITIATING.other("bob") == "alice"


def test_the_calling_session_is_bound_at_once_and_the_accepting_one_from_its_accept():
    assert [INITIATING.binds(session) for session in ("a1", "a2", "b1", "b2")] == [
        True,
        False,
        False,
        False,
    ]
    assert [CONNECTED.binds(session) for session in ("a1", "a2", "b1", "b2")] == [
        True,
        False,
        True,
        False,
    ]


def test_those_devices_ring_that_have_not_silenced_the_call():
    assert INITIATING.devices == INITIATING.ringing == (B1, B2)
    assert INITIATING._replace(silenced=frozenset({"b1", "b3"})).ringing == (B2,)
    assert INITIATING._replace(silenced=frozenset({"b1", "b2"})).ringing == ()


def test_the_parties_are_the_bound_sessions_at_their_homes_and_the_callers_is_first():
    calling, accepting = SessionRef("a1", "alice", "n1"), SessionRef("b1", "bob", "n2")
    assert INITIATING.parties == (calling,)
    assert CONNECTED.parties == OVER.parties == (calling, accepting)


def test_a_party_is_resumable_where_its_side_of_the_call_is():
    one = CONNECTED._replace(calling=Link(resumable=True))
    assert [ref.resumable for ref in one.parties] == [True, False]
    other = CONNECTED._replace(called=Link(resumable=True))
    assert [ref.resumable for ref in other.parties] == [False, True]


def test_the_accepting_session_says_whether_it_is_resumable():
    accepted = after(INITIATING, Accepted("bob", "b1", "n2", resumable=True), RANG)
    assert accepted.parties[1] == SessionRef("b1", "bob", "n2", resumable=True)


def test_resumes_are_the_returns_of_both_sides():
    assert CONNECTED.resumes == 0
    calling, called = Absences(losses=4, replayed=1, snapshots=2), Absences(losses=1, replayed=1)
    call = CONNECTED._replace(calling=Link(absences=calling), called=Link(absences=called))
    assert call.resumes == 4
