"""A bound session loses its connection and comes back: what the call keeps, and who hears of it."""

from typing import Any

import pytest

from service.calls.call import Absences, Call, Link, MediaState, State
from service.calls.effects import (
    Audience,
    CallAccepted,
    CallEnded,
    CallPeerReconnected,
    CallPeerReconnecting,
    Send,
)
from service.calls.events import Accepted, Detached, MediaReported, Returned
from service.calls.machine import decide
from service.calls.reasons import Reason
from tests.calls.situations import (
    ACCEPTED,
    BOTH_RESUMABLE,
    CALLEE,
    CALLER,
    CALLS,
    CONNECTED,
    NOW,
    RINGING,
    TAKEN,
    TIMEOUTS,
    after,
)

OPEN = CONNECTED._replace(**BOTH_RESUMABLE)
AWAY = after(OPEN, Detached(*CALLEE), NOW)
RESUMABLE_CALLER: dict[str, Any] = {"calling": Link(resumable=True)}


def back(
    who: tuple[str, str] = CALLEE, node: str = "n2", resumed: str = "replayed", *, fresh=False
) -> Returned:
    return Returned(*who, node, resumed, fresh)


def sends(call: Call, event: object) -> tuple[Send, ...]:
    return decide(call, event, NOW, TIMEOUTS).sends  # type: ignore[arg-type]


def test_a_plain_peer_is_told_nothing():
    plain = CONNECTED._replace(called=Link(resumable=True))
    away = decide(plain, Detached(*CALLEE), NOW, TIMEOUTS)
    assert away.sends == decide(away.call, back(), NOW, TIMEOUTS).sends == ()
    there = Link(resumable=True, absences=Absences(losses=1, replayed=1))
    assert decide(away.call, back(), NOW, TIMEOUTS).call.called == there


def test_who_is_away_already_stays_away_since_then():
    assert decide(AWAY, Detached(*CALLEE), NOW + 5_000, TIMEOUTS) == (AWAY, ())


def test_who_returns_on_another_node_is_addressed_there():
    call = after(AWAY, back(node="n9"), NOW)
    assert call.parties[1].node == "n9"
    assert call.called.away_at is None
    assert call.generation == 0


def test_the_takeover_of_a_living_connection_changes_nothing_and_is_told():
    decision = decide(OPEN, back(), NOW, TIMEOUTS)
    assert decision.call is OPEN
    told = CallPeerReconnected("c_1", "bob", "replayed", fresh=False, generation=0)
    assert decision.sends == (Send(Audience.CALLER, told),)


@pytest.mark.parametrize("state", TAKEN)
def test_a_page_loaded_anew_begins_a_generation_without_media(state):
    call = CALLS[state]._replace(**BOTH_RESUMABLE)
    call = after(call, MediaReported(*CALLEE, MediaState.CONNECTED), NOW)
    decision = decide(call, back(resumed="snapshot", fresh=True), NOW, TIMEOUTS)
    assert decision.call.generation == 1
    assert decision.call.called == Link(resumable=True)
    told = CallPeerReconnected("c_1", "bob", "snapshot", fresh=True, generation=1)
    assert decision.sends == (Send(Audience.CALLER, told),)


def test_a_page_loaded_anew_beside_a_plain_peer_ends_the_call():
    plain = CONNECTED._replace(called=Link(resumable=True))
    decision = decide(plain, back(fresh=True), NOW, TIMEOUTS)
    assert decision.call.reason is Reason.CONNECTION_LOST
    ended = CallEnded("c_1", "bob", Reason.CONNECTION_LOST, NOW - ACCEPTED)
    assert decision.sends == (Send(Audience.CALLER, ended), Send(Audience.CALLEE, ended))


def test_a_caller_may_load_its_page_anew_while_it_rings():
    call = after(RINGING._replace(**RESUMABLE_CALLER), back(CALLER, fresh=True), NOW)
    assert (call.state, call.generation) == (State.RINGING, 1)


def test_resumable_sessions_hear_the_generation_that_they_begin_with():
    reloaded = after(RINGING._replace(**RESUMABLE_CALLER), back(CALLER, fresh=True), NOW)
    assert sends(reloaded, Accepted(*CALLEE, resumable=True))[:2] == (
        Send(Audience.ACTOR, CallAccepted("c_1", "bob", 1)),
        Send(Audience.CALLER, CallAccepted("c_1", "bob", 1)),
    )
    assert sends(reloaded, Accepted(*CALLEE))[0].message == CallAccepted("c_1", "bob")


@pytest.mark.parametrize("resumable", [True, False])
def test_who_accepts_hears_that_the_caller_is_away(resumable):
    away = after(RINGING._replace(**RESUMABLE_CALLER), Detached(*CALLER), NOW)
    told = Send(Audience.ACTOR, CallPeerReconnecting("c_1", "alice"))
    assert (told in sends(away, Accepted(*CALLEE, resumable=resumable))) is resumable


@pytest.mark.parametrize(("resumed", "again"), [("snapshot", True), ("replayed", False)])
def test_who_returns_by_a_snapshot_hears_again_that_the_other_side_is_away(resumed, again):
    both = after(AWAY, Detached(*CALLER), NOW)
    told = sends(both, back(CALLER, resumed=resumed))
    assert (Send(Audience.CALLER, CallPeerReconnecting("c_1", "bob")) in told) is again


def test_reports_are_noted_where_the_other_side_may_go_away():
    report = MediaReported(*CALLER, MediaState.CONNECTED)
    noted = after(OPEN, report, NOW)
    assert noted.calling == Link(resumable=True, media=MediaState.CONNECTED, media_at=NOW)
    beside_a_plain_one = CONNECTED._replace(**RESUMABLE_CALLER)
    assert after(beside_a_plain_one, report, NOW).calling == Link(resumable=True)


def test_what_is_only_repeated_is_noted_while_the_other_side_is_away():
    report = MediaReported(*CALLER, MediaState.CONNECTED)
    noted = after(OPEN, report, NOW)
    assert after(noted, report, NOW + 10_000) is noted
    away = after(noted, Detached(*CALLEE), NOW + 11_000)
    assert after(away, report, NOW + 20_000).calling.media_at == NOW + 20_000
