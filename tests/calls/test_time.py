"""Which deadline a call has in which state, and what an old one can no longer do."""

import pytest

from service.calls.call import MediaState as Media
from service.calls.call import State
from service.calls.events import (
    Accepted,
    DeadlinePassed,
    HungUp,
    MediaReported,
    Negotiated,
    Silenced,
)
from service.calls.machine import decide
from service.calls.reasons import Reason
from service.calls.timeouts import Timeouts
from tests.calls.situations import (
    ACCEPTED,
    CALLEE,
    CALLER,
    CONNECTED,
    CONNECTING,
    ENDED,
    ENDLESS,
    INITIATING,
    LONGEST,
    NOW,
    OVER,
    RINGING,
    TIMEOUTS,
    after,
    placed,
)


def test_the_protocols_own_timeouts():
    assert Timeouts() == Timeouts(ring=45_000, connect=30_000, longest=None)


def test_a_ring_ends_at_its_deadline_and_not_a_millisecond_before():
    at = RINGING.deadline
    assert at is not None
    assert decide(RINGING, DeadlinePassed(), at - 1, TIMEOUTS).call is RINGING
    assert after(RINGING, DeadlinePassed(), at).reason is Reason.NO_ANSWER


def test_a_connect_ends_at_its_deadline_and_not_a_millisecond_before():
    at = ACCEPTED + TIMEOUTS.connect
    assert decide(CONNECTING, DeadlinePassed(), at - 1, TIMEOUTS).call is CONNECTING
    assert after(CONNECTING, DeadlinePassed(), at).reason is Reason.CONNECT_TIMEOUT


def test_the_longest_call_counts_from_the_accept():
    at = ACCEPTED + LONGEST
    assert CONNECTED.deadline == at
    assert decide(CONNECTED, DeadlinePassed(), at - 1, TIMEOUTS).call is CONNECTED
    ended = after(CONNECTED, DeadlinePassed(), at)
    assert (ended.reason, ended.duration_ms) == (Reason.MAX_DURATION, LONGEST)


def test_a_connected_call_without_a_longest_duration_has_no_deadline():
    endless = after(CONNECTING, Negotiated(*CALLEE), NOW, ENDLESS)
    assert endless.deadline is None
    assert decide(endless, DeadlinePassed(), NOW + 10**12, ENDLESS).call is endless


def test_an_accept_outruns_a_ring_timeout_that_was_already_on_its_way():
    """The store refuses the timeout's write; tried again, it finds a call with time left."""
    at = RINGING.deadline
    assert at is not None
    accepted = after(RINGING, Accepted(*CALLEE), at)
    assert decide(accepted, DeadlinePassed(), at + 1, TIMEOUTS).call is accepted


def test_nobody_ends_a_call_that_timed_out():
    ended = after(INITIATING, DeadlinePassed(), NOW + TIMEOUTS.ring)
    assert (ended.ended_by, ended.duration_ms) == (None, 0)


def test_an_ended_call_has_no_deadline():
    assert OVER.deadline is None
    assert decide(OVER, DeadlinePassed(), NOW + 10**12, TIMEOUTS).call is OVER


def test_what_leaves_the_state_alone_leaves_the_deadline_alone():
    assert after(RINGING, Silenced(*CALLEE), NOW).deadline == RINGING.deadline
    media = MediaReported(*CALLER, Media.CONNECTED)
    assert after(CONNECTING, media, NOW).deadline == CONNECTING.deadline
    assert after(CONNECTED, Negotiated(*CALLER), NOW).deadline == CONNECTED.deadline


def test_media_flows_for_the_first_time_once():
    first = after(CONNECTED, MediaReported(*CALLER, Media.CONNECTED), NOW)
    again = after(first, MediaReported(*CALLEE, Media.CONNECTED), NOW + 1_000)
    assert first.media_at == NOW
    assert again is first


def test_how_a_call_ended_is_told_again_as_it_was():
    (send,) = decide(OVER, HungUp(*CALLER, Reason.ERROR), NOW, TIMEOUTS).sends
    assert send.message.reason is Reason.MEDIA_FAILED  # type: ignore[union-attr]
    assert send.message.duration_ms == ENDED - ACCEPTED  # type: ignore[union-attr]


@pytest.mark.parametrize("ring", [15_000, 120_000])
def test_the_ring_timeout_is_what_was_asked_for(ring):
    call = placed(Timeouts(ring=ring))
    assert call.state is State.INITIATING
    assert call.deadline == call.created_at + ring
