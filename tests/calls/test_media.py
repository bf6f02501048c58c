"""What clients say of their media, in the call's record."""

import pytest

from service.calls.call import MediaPath, MediaStage, MediaState
from service.calls.events import HungUp, MediaReported
from service.calls.machine import decide
from service.calls.reasons import Reason
from tests.calls.situations import CALLEE, CALLER, CONNECTED, CONNECTING, NOW, TIMEOUTS


def after(call, *events):
    for event in events:
        call = decide(call, event, NOW, TIMEOUTS).call
    return call


def said(state, path=None, *, turn_refused=False, by=CALLER):
    user, session = by
    return MediaReported(user, session, state, path, turn_refused=turn_refused)


WORKS = said(MediaState.CONNECTED, MediaPath.RELAY)
FAILS = said(MediaState.FAILED)


def test_the_path_is_told_by_whoever_knows_it_first():
    call = after(CONNECTED, WORKS, said(MediaState.CONNECTED, MediaPath.DIRECT, by=CALLEE))
    assert call.media_path is MediaPath.RELAY


def test_a_path_may_come_with_a_later_report():
    call = after(CONNECTED, said(MediaState.CONNECTED), WORKS)
    assert (call.media_at, call.media_path) == (NOW, MediaPath.RELAY)


@pytest.mark.parametrize("before", [CONNECTING, CONNECTED])
def test_media_that_never_came_failed_while_connecting(before):
    assert after(before, FAILS).media_failed is MediaStage.CONNECTING


def test_media_that_broke_failed_after_connecting():
    assert after(CONNECTED, WORKS, FAILS).media_failed is MediaStage.CONNECTED


def test_a_refused_relay_is_told_from_a_path_that_was_not_found():
    refused = said(MediaState.FAILED, turn_refused=True)
    assert after(CONNECTED, refused).media_failed is MediaStage.TURN


def test_media_that_come_back_have_not_failed():
    call = after(CONNECTED, WORKS, FAILS, WORKS)
    assert call.media_failed is None
    assert call.media_at == NOW


def test_an_interruption_is_no_failure():
    assert after(CONNECTED, said(MediaState.DISCONNECTED)) is CONNECTED


@pytest.mark.parametrize(
    ("reports", "stage"),
    [
        ((), MediaStage.CONNECTING),
        ((WORKS,), MediaStage.CONNECTED),
        ((said(MediaState.FAILED, turn_refused=True),), MediaStage.TURN),
    ],
)
def test_a_call_ended_for_its_media_failed_somewhere(reports, stage):
    call = after(CONNECTED, *reports, HungUp(*CALLEE, Reason.MEDIA_FAILED))
    assert (call.reason, call.media_failed) == (Reason.MEDIA_FAILED, stage)


def test_a_call_that_ends_well_keeps_no_failure():
    assert after(CONNECTED, WORKS, HungUp(*CALLER)).media_failed is None
