"""An accept over HTTP, by a session that has yet to get a connection."""

import pytest

from service.calls.call import Absences, Link, State
from service.calls.effects import Audience, CallPeerReconnected, CallPeerReconnecting, Send
from service.calls.events import Accepted, DeadlinePassed, Detached, Moving, Returned, Rung
from service.calls.machine import decide
from service.calls.reasons import Reason
from service.calls.timeouts import Timeouts
from service.session_ref import SessionRef
from tests.calls.situations import CALLEE, CALLEES_OTHER, CALLER, CALLERS_OTHER, NOW, RINGING, after

TIMEOUTS = Timeouts(connect=10_000, window=30_000)
RESUMABLE = RINGING._replace(calling=Link(resumable=True))
ACCEPT = Accepted(*CALLEE, "n2", resumable=True, away=True, device="phone")
ACCEPTED = after(RESUMABLE, ACCEPT, NOW, TIMEOUTS)
JOIN = Returned(*CALLEE, "n2", "replayed", fresh=False)
LATE = NOW + 25_000


def test_the_caller_hears_that_the_session_has_no_connection_and_when_it_has():
    told = decide(RESUMABLE, ACCEPT, NOW, TIMEOUTS).sends
    assert told[-1] == Send(Audience.CALLER, CallPeerReconnecting("c_1", "bob"))
    (joined,) = decide(ACCEPTED, JOIN, LATE, TIMEOUTS).sends
    back = CallPeerReconnected("c_1", "bob", "replayed", fresh=False, generation=0)
    assert joined == Send(Audience.CALLER, back)


def test_a_plain_caller_hears_of_the_accept_alone():
    told = decide(RINGING, ACCEPT, NOW, TIMEOUTS).sends
    assert CallPeerReconnecting not in [type(send.message) for send in told]


def test_when_nobody_joins_the_window_ends_the_call():
    assert (ACCEPTED.state, ACCEPTED.deadline) == (State.CONNECTING, NOW + TIMEOUTS.window)
    call = after(ACCEPTED, DeadlinePassed(), NOW + TIMEOUTS.window, TIMEOUTS)
    assert (call.reason, call.ended_by) == (Reason.CONNECTION_LOST, "bob")


def test_the_connect_timeout_runs_from_the_first_join():
    joined = after(ACCEPTED, JOIN, LATE, TIMEOUTS)
    assert joined.deadline == LATE + TIMEOUTS.connect
    again = after(joined, JOIN, LATE + 1_000, TIMEOUTS)
    assert again.deadline == LATE + TIMEOUTS.connect
    call = after(joined, DeadlinePassed(), LATE + TIMEOUTS.connect, TIMEOUTS)
    assert call.reason is Reason.CONNECT_TIMEOUT


def test_a_caller_that_returns_or_moves_does_not_start_the_connect_timeout():
    for event in (
        Returned(*CALLER, "n1", "replayed", fresh=False),
        Moving(*CALLERS_OTHER, "n1", resumable=True, moves=0),
    ):
        call = after(ACCEPTED, event, LATE, TIMEOUTS)
        assert call.deadline == NOW + TIMEOUTS.window


def test_another_device_of_the_callee_that_takes_the_call_starts_it():
    call = after(ACCEPTED, Moving(*CALLEES_OTHER, "n1", resumable=True, moves=0), LATE, TIMEOUTS)
    assert call.deadline == LATE + TIMEOUTS.connect


@pytest.mark.parametrize(("device", "told"), [("phone", 0), ("tablet", 1), (None, 1)])
def test_a_session_of_that_device_that_rings_late_is_not_told_that_it_was_elsewhere(device, told):
    late = SessionRef("b9", "bob", "n2", device)
    assert len(decide(ACCEPTED, Rung(late), NOW, TIMEOUTS).sends) == told


def test_the_wait_for_the_first_join_is_no_absence():
    joined = after(ACCEPTED, JOIN, LATE, TIMEOUTS)
    ended = after(ACCEPTED, DeadlinePassed(), NOW + TIMEOUTS.window, TIMEOUTS)
    assert joined.called.absences == ended.called.absences == Absences()
    again = after(after(joined, Detached(*CALLEE), LATE, TIMEOUTS), JOIN, LATE + 500, TIMEOUTS)
    assert again.called.absences == Absences(1, 500, 500, replayed=1)
