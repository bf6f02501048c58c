"""A limit holds in every window, and the wait it names is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.limits import Limit, Meter, Meters

START = 1_795_000_000_000

limits = st.builds(Limit, st.integers(1, 500), st.integers(1, 3_600_000))
gaps = st.lists(st.integers(0, 5_000), min_size=1, max_size=200)


def moments(gaps: list[int]) -> list[int]:
    now, seen = START, []
    for gap in gaps:
        now += gap
        seen.append(now)
    return seen


def test_a_burst_passes_then_one_at_a_time():
    limit, meter = Limit(3, 3_000), Meter()
    assert [meter.take(limit, START) for _ in range(4)] == [0, 0, 0, 1_000]
    assert meter.take(limit, START + 999) == 1
    assert meter.take(limit, START + 1_000) == 0
    assert meter.take(limit, START + 1_000) == 1_000


def test_a_limit_of_one_admits_one_a_period():
    limit, meter = Limit(1, 60_000), Meter()
    assert meter.take(limit, START) == 0
    assert meter.take(limit, START + 1) == 59_999
    assert meter.take(limit, START + 60_000) == 0


def test_a_refused_take_costs_nothing():
    limit, patient, eager = Limit(2, 1_000), Meter(), Meter()
    for meter in (patient, eager):
        assert [meter.take(limit, START) for _ in range(2)] == [0, 0]
    waits = [eager.take(limit, START + at) for at in range(500)]
    assert waits == [500 - at for at in range(500)]
    assert eager.take(limit, START + 500) == patient.take(limit, START + 500) == 0


def test_rest_gives_back_the_burst_and_no_more():
    limit, meter = Limit(5, 1_000), Meter()
    for now in (START, START + 10_000_000):
        assert [meter.take(limit, now) for _ in range(6)] == [0, 0, 0, 0, 0, 200]


def test_a_period_that_its_count_does_not_divide_loses_nothing():
    limit, meter = Limit(3, 1_000), Meter()
    admitted = sum(meter.take(limit, START + at) == 0 for at in range(300_001))
    assert admitted == 3 + 900


@given(limit=limits, gaps=gaps)
def test_no_window_admits_more_than_the_burst_and_its_share(limit: Limit, gaps: list[int]):
    meter = Meter()
    admitted = [now for now in moments(gaps) if meter.take(limit, now) == 0]
    for first, begin in enumerate(admitted):
        for last in range(first, len(admitted)):
            elapsed = admitted[last] - begin
            most = limit.count + elapsed * limit.count / limit.per_ms
            assert last - first + 1 <= most


@given(limit=limits, gaps=gaps)
def test_the_wait_is_exact(limit: Limit, gaps: list[int]):
    meter = Meter()
    for now in moments(gaps):
        wait = meter.take(limit, now)
        if wait:
            assert meter.take(limit, now + wait - 1) == 1
            assert meter.take(limit, now + wait) == 0
            break


@given(limit=limits, gaps=gaps)
def test_a_refusal_never_asks_for_more_than_one_interval(limit: Limit, gaps: list[int]):
    meter = Meter()
    for now in moments(gaps):
        assert 0 <= meter.take(limit, now) <= -(-limit.per_ms // limit.count)


@given(limit=limits, back=st.integers(1, 10**9), burst=st.integers(1, 600))
def test_a_clock_set_back_costs_at_most_one_period(limit: Limit, back: int, burst: int):
    meter = Meter()
    for _ in range(burst):
        meter.take(limit, START)
    wait = meter.take(limit, START - back)
    assert wait <= limit.per_ms
    if wait:
        assert meter.take(limit, START - back + wait) == 0


@given(count=st.integers(1, 1_000), factor=st.floats(0.001, 1_000))
def test_a_scaled_limit_keeps_its_period_and_never_reaches_zero(count: int, factor: float):
    scaled = Limit(count, 60_000).scaled(factor)
    assert scaled.per_ms == 60_000
    assert scaled.count == max(1, round(count * factor))


@pytest.mark.parametrize(("count", "per_ms"), [(0, 1_000), (-1, 1_000), (1, 0)])
def test_a_limit_of_nothing_is_a_mistake(count: int, per_ms: int):
    with pytest.raises(ValueError, match="at least 1"):
        Limit(count, per_ms)


def test_each_key_has_a_meter_of_its_own():
    meters = Meters(Limit(1, 1_000))
    assert meters.take(("ann", "bob"), START) == 0
    assert meters.take(("ann", "bob"), START) == 1_000
    assert meters.take(("bob", "ann"), START) == 0
    assert len(meters) == 2


def test_idle_meters_are_forgotten_and_busy_ones_kept():
    meters = Meters(Limit(2, 1_000))
    meters.take("idle", START)
    meters.take("busy", START)
    meters.take("busy", START)
    meters.forget_idle(START + 499)
    assert len(meters) == 2
    meters.forget_idle(START + 500)
    assert len(meters) == 1
    meters.forget_idle(START + 1_000)
    assert len(meters) == 0


@given(
    limit=limits,
    takes=st.lists(
        st.tuples(st.integers(0, 2_000), st.sampled_from("abc"), st.booleans()), max_size=100
    ),
)
def test_forgetting_changes_no_answer(limit: Limit, takes: list[tuple[int, str, bool]]):
    forgetful, hoarder, now = Meters(limit), Meters(limit), START
    for gap, key, forget in takes:
        now += gap
        if forget:
            forgetful.forget_idle(now)
        assert forgetful.take(key, now) == hoarder.take(key, now)
