"""A call lives as long as its media: when it ends while a party has no connection.

Times are milliseconds from the loss of Bob's connection.
"""

from typing import NamedTuple

import pytest

from service.calls.call import Call, State
from service.calls.call import MediaState as Media
from service.calls.events import (
    Accepted,
    DeadlinePassed,
    Detached,
    Event,
    HungUp,
    MediaReported,
    Negotiated,
    Returned,
    Rung,
)
from service.calls.lifetime import lost_at
from service.calls.machine import decide
from service.calls.reasons import Reason
from service.calls.timeouts import Timeouts
from tests.calls.situations import (
    ANSWERED,
    BOTH_RESUMABLE,
    CALLEE,
    CALLER,
    CONNECTED,
    CONNECTING,
    NOW,
    RINGING,
)

TIMEOUTS = Timeouts(window=30_000, detached=600_000)
WINDOW, LIMIT = 30_000, 600_000
OPEN = CONNECTED._replace(**BOTH_RESUMABLE, deadline=None)


class At(NamedTuple):
    """What happens, and when."""

    ms: int
    event: Event


def lost(ms: int = 0, who: tuple[str, str] = CALLEE) -> At:
    return At(ms, Detached(*who))


def back(ms: int, who: tuple[str, str] = CALLEE, *, fresh: bool = False) -> At:
    return At(ms, Returned(*who, "n1", "replayed", fresh))


def says(ms: int, state: Media, who: tuple[str, str] = CALLER) -> At:
    return At(ms, MediaReported(*who, state))


def course(*steps: At, call: Call = OPEN, timeouts: Timeouts = TIMEOUTS) -> Call:
    for ms, event in steps:
        call = decide(call, event, NOW + ms, timeouts).call
    return call


def ends_at(call: Call) -> int | None:
    """The deadline of a call that has no other, after Bob's connection was lost."""
    return None if call.deadline is None else call.deadline - NOW


GOOD, BAD, WEAK = Media.CONNECTED, Media.FAILED, Media.DISCONNECTED
BEFORE = -20_000
BOTH_GOOD = (says(BEFORE, GOOD), says(BEFORE, GOOD, CALLEE))

ONE_AWAY: dict[str, tuple[tuple[At, ...], int | None]] = {
    "nobody is away": (BOTH_GOOD, None),
    "the other side never reports": ((lost(),), WINDOW),
    "only who is away has reported": ((says(BEFORE, GOOD, CALLEE), lost()), WINDOW),
    "failed before the loss": ((says(BEFORE, BAD), lost()), WINDOW),
    "failed in the window": ((lost(), says(9_000, BAD)), WINDOW),
    "failed after the window": ((lost(), says(9_000, GOOD), says(40_000, BAD)), 40_000),
    "disconnected before the loss": ((says(BEFORE, WEAK), lost()), WINDOW),
    "disconnected early in the window": ((lost(), says(9_000, WEAK)), WINDOW),
    "disconnected late in the window": ((lost(), says(20_000, WEAK)), 35_000),
    "disconnected after the window": ((lost(), says(0, GOOD), says(40_000, WEAK)), 55_000),
    "disconnected twice": ((lost(), says(20_000, WEAK), says(30_000, WEAK)), 35_000),
    "disconnected for a while": (
        (lost(), says(20_000, WEAK), says(30_000, GOOD)),
        30_000 + 75_000,
    ),
    "connected before the loss": ((says(BEFORE, GOOD), lost()), 75_000),
    "connected after the loss": ((lost(), says(1_000, GOOD)), 76_000),
    "connected again and again": (
        (says(BEFORE, GOOD), lost(), *(says(ms, GOOD) for ms in range(0, 60_000, 10_000))),
        50_000 + 75_000,
    ),
    "connected up to the limit": (
        (lost(), *(says(ms, GOOD) for ms in range(0, 590_000, 10_000))),
        LIMIT,
    ),
    "disconnected before the limit": (
        (lost(), *(says(ms, GOOD) for ms in range(0, 590_000, 10_000)), says(590_000, WEAK)),
        LIMIT,
    ),
    "back": ((lost(), says(0, GOOD), back(20_000)), None),
    "back after the window": ((lost(), says(0, GOOD), back(40_000)), None),
    "lost, back, and lost again": ((lost(), back(20_000), lost(25_000)), 55_000),
    "a report before a second loss": (
        (says(BEFORE, GOOD), lost(), says(5_000, GOOD), back(20_000), lost(25_000)),
        100_000,
    ),
}
BOTH_AWAY: dict[str, tuple[tuple[At, ...], int | None]] = {
    "both connected": ((*BOTH_GOOD, lost(), lost(5_000, CALLER)), LIMIT),
    "the second goes after the window": ((*BOTH_GOOD, lost(), lost(60_000, CALLER)), LIMIT),
    "the first never reported": ((says(BEFORE, GOOD), lost(), lost(5_000, CALLER)), WINDOW),
    "the second never reported": (
        (says(BEFORE, GOOD, CALLEE), lost(), lost(5_000, CALLER)),
        WINDOW,
    ),
    "the second goes after the window and the first never reported": (
        (says(BEFORE, GOOD), lost(), lost(60_000, CALLER)),
        90_000,
    ),
    "the second goes just before the limit and the first never reported": (
        (lost(), *(says(ms, GOOD) for ms in range(0, 590_000, 10_000)), lost(590_000, CALLER)),
        LIMIT,
    ),
}
RETURNS = (*BOTH_GOOD, lost(), lost(5_000, CALLER))
ONE_BACK: dict[str, tuple[tuple[At, ...], int | None]] = {
    "back in the other's window": ((*RETURNS, back(8_000, CALLER)), WINDOW),
    "back late in the other's window": ((*RETURNS, back(25_000, CALLER)), 35_000),
    "back after the window": ((*RETURNS, back(300_000, CALLER)), 310_000),
    "back before the limit": ((*RETURNS, back(595_000, CALLER)), LIMIT),
    "back and connected": (
        (*RETURNS, back(300_000, CALLER), says(301_000, GOOD)),
        301_000 + 75_000,
    ),
    "back and failed": ((*RETURNS, back(300_000, CALLER), says(301_000, BAD)), 301_000),
    "back and not yet connected": (
        (*RETURNS, back(300_000, CALLER), says(301_000, WEAK), says(309_000, WEAK)),
        310_000,
    ),
    "back and connected at last": (
        (*RETURNS, back(300_000, CALLER), says(301_000, WEAK), says(309_000, GOOD)),
        309_000 + 75_000,
    ),
    "back and away again before it could report": (
        (*RETURNS, back(300_000, CALLER), lost(301_000, CALLER)),
        LIMIT,
    ),
    "the first one is back": ((*RETURNS, back(300_000)), 310_000),
    "the first one is back and connected": (
        (*RETURNS, back(300_000), says(302_000, GOOD, CALLEE)),
        302_000 + 75_000,
    ),
    "a page loaded anew has no media": (
        (*RETURNS, back(300_000, CALLER, fresh=True), lost(301_000, CALLER)),
        331_000,
    ),
    "both are back": ((*RETURNS, back(300_000, CALLER), back(301_000)), None),
    "both are back and one goes before it reports": (
        (*RETURNS, back(300_000, CALLER), back(301_000), lost(400_000)),
        475_000,
    ),
}


COURSES = [
    pytest.param(steps, ends, id=name)
    for name, (steps, ends) in {**ONE_AWAY, **BOTH_AWAY, **ONE_BACK}.items()
]


@pytest.mark.parametrize(("steps", "ends"), COURSES)
def test_a_connected_call_ends(steps, ends):
    assert ends_at(course(*steps)) == ends


@pytest.mark.parametrize(("steps", "ends"), COURSES)
def test_it_is_lost_at_that_time_and_not_a_millisecond_before(steps, ends):
    call = course(*steps)
    if ends is None:
        assert decide(call, DeadlinePassed(), NOW + 10**9, TIMEOUTS).call is call
        return
    assert decide(call, DeadlinePassed(), NOW + ends - 1, TIMEOUTS).call is call
    ended = decide(call, DeadlinePassed(), NOW + ends, TIMEOUTS).call
    assert (ended.state, ended.reason) == (State.ENDED, Reason.CONNECTION_LOST)


@pytest.mark.parametrize("call", [RINGING, CONNECTING])
def test_a_call_that_is_not_connected_has_the_window_alone(call):
    before = call._replace(calling=BOTH_RESUMABLE["calling"])
    since, ends = before.created_at + 1_000, before.created_at + 1_000 + WINDOW
    away = decide(before, Detached(*CALLER), since, TIMEOUTS).call
    assert away.deadline == ends
    ended = decide(away, DeadlinePassed(), ends, TIMEOUTS).call
    assert (ended.reason, ended.ended_by) == (Reason.CONNECTION_LOST, "alice")


def test_reports_do_not_prolong_a_call_that_is_not_connected():
    call = course(lost(), says(1_000, GOOD), call=CONNECTING._replace(**BOTH_RESUMABLE))
    assert lost_at(call, TIMEOUTS) == NOW + WINDOW


def test_a_call_may_be_accepted_while_its_caller_is_away():
    ringing = RINGING._replace(calling=BOTH_RESUMABLE["calling"])
    call = course(lost(0, CALLER), At(10_000, Accepted(*CALLEE, resumable=True)), call=ringing)
    assert call.calling.away_at == NOW
    assert (call.state, ends_at(call)) == (State.CONNECTING, WINDOW)
    answered = course(At(12_000, Negotiated(*CALLEE)), says(13_000, GOOD, CALLEE), call=call)
    assert (answered.state, ends_at(answered)) == (State.CONNECTED, 13_000 + 75_000)


@pytest.mark.parametrize(
    ("call", "timeouts", "reason"),
    [
        (RINGING, Timeouts(ring=15_000), Reason.NO_ANSWER),
        (CONNECTING, Timeouts(connect=15_000), Reason.CONNECT_TIMEOUT),
        (CONNECTED, Timeouts(longest=20_000), Reason.MAX_DURATION),
    ],
)
def test_the_time_of_the_state_still_counts(call, timeouts, reason):
    before = call._replace(calling=BOTH_RESUMABLE["calling"])
    away = decide(before, Detached(*CALLER), NOW, timeouts).call
    assert away.deadline is not None
    assert away.deadline < NOW + WINDOW
    assert decide(away, DeadlinePassed(), NOW + WINDOW, timeouts).call.reason is reason


@pytest.mark.parametrize("first", [CALLER, CALLEE])
def test_the_call_is_lost_by_who_went_first(first):
    second = CALLEE if first == CALLER else CALLER
    for steps in [(lost(0, first),), (lost(0, first), lost(5, second))]:
        ended = course(*steps, At(WINDOW, DeadlinePassed()))
        assert ended.ended_by == first[0]
        assert ended.duration_ms == NOW + WINDOW - (OPEN.accepted_at or 0)


def test_an_ended_call_waits_for_nobody():
    call = course(lost(), At(1_000, HungUp(*CALLER)))
    assert call.deadline is None
    assert decide(call, DeadlinePassed(), NOW + 10**9, TIMEOUTS).call is call


def test_media_that_were_told_before_the_answer_count():
    call = course(says(-9_500, GOOD), call=CONNECTING._replace(**BOTH_RESUMABLE))
    answered = decide(call, Negotiated(*CALLEE), ANSWERED, TIMEOUTS).call
    assert ends_at(course(lost(), call=answered)) == 75_000


def test_who_rings_while_the_caller_is_away_changes_nothing_of_that():
    ringing = course(lost(0, CALLER), call=RINGING._replace(calling=BOTH_RESUMABLE["calling"]))
    assert course(At(1_000, Rung()), call=ringing) is ringing
