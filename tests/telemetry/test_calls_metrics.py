"""What is counted of calls, whatever course they take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.calls import events as happened
from service.calls.call import Call, MediaPath, MediaState, State
from service.calls.machine import decide
from service.calls.reasons import Reason
from service.calls.timeouts import Timeouts
from service.errors import RinglineError
from service.telemetry.metrics import Metrics
from tests.calls.situations import placed
from tests.support.service import TestService
from tests.support.waiting import until

TIMEOUTS = Timeouts(longest=3_600_000)
parties = st.sampled_from([("alice", "a1"), ("bob", "b1")])
media = st.builds(
    lambda who, state, path, refused: happened.MediaReported(who[0], who[1], state, path, refused),
    parties,
    st.sampled_from(MediaState),
    st.sampled_from([None, *MediaPath]),
    st.booleans(),
)
hung_up = st.builds(
    lambda who, why: happened.HungUp(who[0], who[1], why),
    parties,
    st.sampled_from([None, Reason.MEDIA_FAILED, Reason.ERROR]),
)
early = st.sampled_from([happened.Rung(), happened.Accepted("bob", "b1")])
events = (
    early
    | early
    | st.just(happened.Negotiated("bob", "b1"))
    | media
    | media
    | hung_up
    | st.just(happened.Rejected("bob", "b1", Reason.BUSY))
    | st.just(happened.DeadlinePassed())
    | st.just(happened.SessionLost("alice", "a1"))
)
Course = list[tuple[happened.Event, int, bool]]
courses = st.lists(st.tuples(events, st.integers(0, 50_000), st.booleans()), max_size=12)
"""What happens, how long after what came before, and whether the caller's node hears of it at once.

Where the moves of two nodes cross, it hears of several at a time.
"""


def run(metrics: Metrics, course: Course, *, late: bool = False) -> Call:
    """A call that goes this way and ends at the latest with the operator.

    Where it is `late`, the caller's node did not hear that the call was opened, as when the store's
    answer is lost: it knows the call from the first move that it hears of.
    """
    call = placed(TIMEOUTS)
    seen = None if late else call
    if not late:
        metrics.calls.moved(None, call)
    now = call.created_at
    for event, after, told in [*course, (happened.Terminated(Reason.SERVER_SHUTDOWN), 1, True)]:
        now += after
        try:
            before, call = call, decide(call, event, now, TIMEOUTS).call
        except RinglineError:
            continue
        known = seen or before
        if call.state is not known.state and (told or call.state is State.ENDED):
            if seen is None:
                metrics.calls.moved(None, before)
            metrics.calls.moved(known, call)
            seen = call
    assert call.state is State.ENDED
    return call


def total(metrics: Metrics, sample: str, **labels: str) -> float:
    """A sample's value, over the labels that are not named."""
    return sum(
        found.value
        for family in metrics.families.registry.collect()
        for found in family.samples
        if found.name == f"ringline_{sample}" and labels.items() <= found.labels.items()
    )


@given(course=courses, late=st.booleans())
def test_each_call_is_counted_once_whatever_its_course(course: Course, *, late: bool):
    metrics = Metrics("0")
    call = run(metrics, course, late=late)
    accepted, answered = call.accepted_at is not None, call.connected_at is not None
    assert total(metrics, "calls_live") == 0
    assert total(metrics, "calls_total") == 1
    assert total(metrics, "calls_total", type=call.type, reason=str(call.reason)) == 1
    assert total(metrics, "call_media_total") == accepted
    assert total(metrics, "call_duration_seconds_count") == accepted
    assert total(metrics, "accept_races_total", result="won") == accepted
    assert total(metrics, "call_ring_seconds_count") == (accepted or call.ringing_at is not None)
    assert total(metrics, "call_setup_seconds_count") == answered
    assert total(metrics, "call_alert_seconds_count") == (call.ringing_at is not None)
    assert total(metrics, "media_failed_total") == (accepted and call.media_failed is not None)


@given(courses)
def test_each_time_is_the_call_s_own(course: Course):
    metrics = Metrics("0")
    call = run(metrics, course)
    assert total(metrics, "call_duration_seconds_sum") == call.duration_ms / 1000
    if call.accepted_at is not None and call.connected_at is not None:
        setup = (call.connected_at - call.accepted_at) / 1000
        assert total(metrics, "call_setup_seconds_sum") == setup


@given(st.lists(courses, min_size=1, max_size=3))
def test_no_course_makes_a_label_that_was_not_there_at_the_start(
    several: list[Course],
):
    metrics = Metrics("0")
    before = label_sets(metrics)
    for course in several:
        run(metrics, course)
    assert label_sets(metrics) == before


def label_sets(metrics: Metrics) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """Every series there is."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in metrics.families.registry.collect()
        for sample in family.samples
        if sample.name.startswith("ringline_")
    }


@pytest.mark.parametrize(
    "bounded",
    [
        "connects_total", "disconnects_total", "events_total", "calls_live",
        "relayed_bytes_total", "calls_total", "accept_races_total", "call_media_total",
        "media_failed_total", "auth_failures_total", "token_refreshes_total", "jwks_fetches_total",
        "rate_limited_total", "turn_credentials_issued_total", "slow_clients_closed_total",
        "store_seconds_count", "event_seconds_count",
        "relay_seconds_count", "call_setup_seconds_count", "call_duration_seconds_count",
    ],
)  # fmt: skip
def test_what_is_bounded_starts_at_0(bounded: str):
    samples = [
        sample
        for family in Metrics("0").families.registry.collect()
        for sample in family.samples
        if sample.name == f"ringline_{bounded}"
    ]
    assert samples
    assert {sample.value for sample in samples} == {0}


async def test_a_real_call_leaves_nothing_live(service: TestService):
    metrics = service.node.metrics
    alice, bob = await service.join("alice"), await service.join("bob")
    await service.call(alice, bob)
    assert total(metrics, "calls_live", state="ringing") == 1
    await alice.close()
    await until(lambda: total(metrics, "calls_total") == 1)
    assert total(metrics, "calls_live") == 0


async def test_a_name_that_a_client_made_up_is_no_label(service: TestService):
    alice = await service.join("alice")
    for number in range(20):
        await alice.refusal(f"made:up{number}", {})
    metrics = service.node.metrics
    assert total(metrics, "events_total", event="other", result="unknown_event") == 20
    assert not [name for name, labels in label_sets(metrics) if "made:up" in str(labels)]


async def test_of_two_accepts_one_wins_and_one_loses(service: TestService):
    alice, phone, tablet = [await service.join(user) for user in ("alice", "bob", "bob")]
    call_id = await service.accepted(alice, phone)
    await tablet.refusal("call:accept", {"callId": call_id})
    metrics = service.node.metrics
    assert total(metrics, "accept_races_total", result="won") == 1
    assert total(metrics, "accept_races_total", result="lost") == 1


async def test_a_side_s_figures_count_once_in_five_seconds(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(alice, bob)
    report = {"callId": call_id, "state": "connected", "stats": {"rttMs": 40}}
    metrics = service.node.metrics
    for client in (alice, alice, bob, alice):
        await client.done("call:media", report)
    assert total(metrics, "media_rtt_seconds_count") == 2
    await service.advance(5)
    await alice.done("call:media", report)
    assert total(metrics, "media_rtt_seconds_count") == 3


async def test_a_ringing_call_that_the_operator_ends_is_no_good_end(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    metrics = service.node.metrics
    await service.node.signalling.call_control.terminate(
        await service.call(alice, bob), Reason.ADMIN_TERMINATED
    )
    assert total(metrics, "calls_total", reason="cancelled") == 1
    assert total(metrics, "calls_total", reason="admin_terminated") == 0
    await service.node.signalling.call_control.terminate(
        await service.accepted(alice, bob), Reason.ADMIN_TERMINATED
    )
    assert total(metrics, "calls_total", reason="admin_terminated") == 1
    assert total(metrics, "call_media_total") == 1
