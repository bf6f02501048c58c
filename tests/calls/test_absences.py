"""What a call keeps of the times that a party was away: so any node can tell why it failed.

Times are milliseconds from the first loss of Bob's connection.
"""

import pytest

from service.calls.call import Absences, Call, MediaState
from service.calls.events import (
    DeadlinePassed,
    Detached,
    Event,
    HungUp,
    MediaReported,
    Moving,
    Returned,
)
from service.calls.machine import decide
from service.calls.timeouts import Timeouts
from tests.calls.situations import BOTH_RESUMABLE, CALLEE, CALLEES_OTHER, CALLER, CONNECTED, NOW

TIMEOUTS = Timeouts()
OPEN = CONNECTED._replace(**BOTH_RESUMABLE, deadline=None)
LOST = Detached(*CALLEE)
WORKS = MediaReported(*CALLER, MediaState.CONNECTED)
REPLAYED, SNAPSHOT = (Returned(*CALLEE, "n2", how, fresh=False) for how in ("replayed", "snapshot"))
HANGS_UP = HungUp(*CALLER)
MOVES = Moving(*CALLEES_OTHER, "n2", resumable=True, moves=0)
TIME_IS_UP = DeadlinePassed()
NONE = Absences()

COURSES: dict[str, tuple[tuple[tuple[int, Event], ...], Absences]] = {
    "never away": (((0, HANGS_UP),), NONE),
    "away still": (((0, LOST),), Absences(1)),
    "lost twice before it is back": (((0, LOST), (500, LOST)), Absences(1)),
    "back by a replay": (((0, LOST), (700, REPLAYED)), Absences(1, 700, 700, replayed=1)),
    "back by a snapshot": (((0, LOST), (700, SNAPSHOT)), Absences(1, 700, 700, snapshots=1)),
    "back though it was not away": (((0, REPLAYED),), NONE),
    "away twice": (
        ((0, LOST), (700, REPLAYED), (1_000, LOST), (1_200, SNAPSHOT)),
        Absences(2, 900, 700, replayed=1, snapshots=1),
    ),
    "away as the other side hangs up": (((0, LOST), (2_000, HANGS_UP)), Absences(1, 2_000, 2_000)),
    "away as the window ends, looked at late": (
        ((0, LOST), (30_400, TIME_IS_UP)),
        Absences(1, 30_400, 30_400),
    ),
    "moved to another device while away": (
        ((0, LOST), (5_000, MOVES)),
        Absences(1, 5_000, 5_000),
    ),
    "away before and after a move": (
        ((0, LOST), (300, REPLAYED), (400, MOVES), (500, Detached(*CALLEES_OTHER))),
        Absences(2, 300, 300, replayed=1),
    ),
    "kept by the other side's media, and back": (
        ((0, LOST), (1, WORKS), (30_001, REPLAYED)),
        Absences(1, 30_001, 30_001, replayed=1, kept=1),
    ),
    "back as the window ends, which media had not to keep": (
        ((0, LOST), (1, WORKS), (30_000, REPLAYED)),
        Absences(1, 30_000, 30_000, replayed=1),
    ),
    "kept by the other side's media, which hangs up": (
        ((0, LOST), (1, WORKS), (50_000, HANGS_UP)),
        Absences(1, 50_000, 50_000, kept=1),
    ),
    "kept by media that fell silent": (
        ((0, LOST), (1, WORKS), (75_001, TIME_IS_UP)),
        Absences(1, 75_001, 75_001, kept=1),
    ),
}


def course(*steps: tuple[int, Event]) -> Call:
    call = OPEN
    for ms, event in steps:
        call = decide(call, event, NOW + ms, TIMEOUTS).call
    return call


@pytest.mark.parametrize(("steps", "expected"), COURSES.values(), ids=COURSES)
def test_a_call_notes_how_a_side_was_away(steps, expected):
    call = course(*steps)
    assert call.called.absences == expected
    assert call.calling.absences == NONE


def test_both_sides_have_their_own():
    call = course((0, LOST), (100, Detached(*CALLER)), (900, REPLAYED), (30_100, TIME_IS_UP))
    assert call.called.absences == Absences(1, 900, 900, replayed=1)
    assert call.calling.absences == Absences(1, 30_000, 30_000)
    assert call.calling.away_at == NOW + 100, "and it tells who was away at the end"
