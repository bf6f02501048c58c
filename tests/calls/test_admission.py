"""Whether a new call may start: busy, call waiting, glare, and a life with one call at a time."""

import pytest

from service import errors
from service.calls.admission import Admitted, Glare, admit
from service.calls.call import Call, CallType, State
from service.session_ref import SessionRef


def call(caller: str, callee: str, state: State = State.RINGING) -> Call:
    """A live call between two users, on the sessions `<user>1`."""
    ringing = Call(
        id=f"c_{caller}_{callee}",
        type=CallType.AUDIO,
        caller=caller,
        caller_session=f"{caller}1",
        callee=callee,
        deadline=None,
        created_at=0,
    )
    return ringing._replace(state=state)


def alice_calls_bob(
    mine: tuple[Call, ...] = (),
    theirs: tuple[Call, ...] = (),
    *,
    resolving: frozenset[str] = frozenset(),
    call_waiting: bool = False,
) -> Admitted | Glare:
    return admit(
        SessionRef("alice1", "alice", glare="alice1" in resolving),
        "bob",
        mine=mine,
        theirs=theirs,
        sessions=[SessionRef("bob1", "bob", glare="bob1" in resolving)],
        call_waiting=call_waiting,
    )


LIVE = [state for state in State if state is not State.ENDED]
OCCUPYING = [State.RINGING, State.CONNECTING, State.CONNECTED]
BOTH = frozenset({"alice1", "bob1"})


def test_two_idle_users_may_talk():
    assert alice_calls_bob() == Admitted()


@pytest.mark.parametrize("state", OCCUPYING)
def test_a_callee_who_rings_or_talks_is_busy(state):
    with pytest.raises(errors.UserBusy):
        alice_calls_bob(theirs=(call("carol", "bob", state),))


@pytest.mark.parametrize("state", LIVE)
def test_a_callee_who_calls_somebody_is_busy(state):
    with pytest.raises(errors.UserBusy):
        alice_calls_bob(theirs=(call("bob", "carol", state),))


def test_a_callee_whom_no_device_rings_yet_is_not_busy():
    offline = call("carol", "bob", State.INITIATING)
    assert alice_calls_bob(theirs=(offline,)) == Admitted()


@pytest.mark.parametrize("state", LIVE)
def test_a_busy_callee_rings_all_the_same_with_call_waiting(state):
    theirs = (call("carol", "bob", state), call("bob", "dave", state))
    assert alice_calls_bob(theirs=theirs, call_waiting=True) == Admitted()


@pytest.mark.parametrize("state", LIVE)
def test_a_caller_who_calls_somebody_already_cannot_call_again(state):
    with pytest.raises(errors.AlreadyInCall):
        alice_calls_bob((call("alice", "carol", state),), call_waiting=True)


@pytest.mark.parametrize("state", [State.CONNECTING, State.CONNECTED])
def test_a_caller_who_accepted_a_call_cannot_call_another(state):
    with pytest.raises(errors.AlreadyInCall):
        alice_calls_bob((call("carol", "alice", state),), call_waiting=True)


@pytest.mark.parametrize("state", LIVE)
def test_a_second_call_to_the_same_callee_is_one_too_many(state):
    with pytest.raises(errors.AlreadyInCall):
        alice_calls_bob((call("alice", "bob", state),), resolving=BOTH)


@pytest.mark.parametrize("state", [State.INITIATING, State.RINGING])
def test_who_is_merely_being_rung_may_call_and_is_busy_for_the_rings(state):
    rings = (call("carol", "alice", state), call("dave", "alice", state))
    assert alice_calls_bob(rings) == Admitted(answered_busy=rings)


def test_a_busy_callee_leaves_the_callers_own_rings_alone():
    with pytest.raises(errors.UserBusy):
        alice_calls_bob((call("carol", "alice"),), (call("dave", "bob"),))


@pytest.mark.parametrize("state", [State.INITIATING, State.RINGING])
def test_glare_between_sessions_that_resolve_it_accepts_the_first_call(state):
    theirs = call("bob", "alice", state)
    assert alice_calls_bob((theirs,), (theirs,), resolving=BOTH) == Glare(theirs)


@pytest.mark.parametrize("resolving", [set(), {"alice1"}, {"bob1"}, {"alice2", "bob2"}])
def test_glare_with_another_session_is_refused_and_the_phone_goes_on_ringing(resolving):
    theirs = call("bob", "alice")
    with pytest.raises(errors.AlreadyInCall, match="answer the call"):
        alice_calls_bob((theirs,), (theirs,), resolving=frozenset(resolving))


def test_glare_wins_over_another_ring():
    first, glare = call("carol", "alice"), call("bob", "alice")
    for mine in [(first, glare), (glare, first)]:
        assert alice_calls_bob(mine, (glare,), resolving=BOTH) == Glare(glare)


def test_glare_does_not_pull_anybody_out_of_a_call():
    talking, glare = call("carol", "alice", State.CONNECTED), call("bob", "alice")
    for mine in [(talking, glare), (glare, talking)]:
        with pytest.raises(errors.AlreadyInCall):
            alice_calls_bob(mine, (glare,), resolving=BOTH, call_waiting=True)


def test_an_accepted_call_with_the_callee_is_no_glare():
    with pytest.raises(errors.AlreadyInCall):
        alice_calls_bob((call("bob", "alice", State.CONNECTED),), resolving=BOTH)
