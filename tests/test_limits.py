"""A limit holds in every window, and the wait it names is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.limits import Allowance, Limit, Meter, Meters, Shares

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


def test_idle_meters_are_forgotten_as_others_come():
    meters = Meters(Limit(1, 1_000))
    for number in range(100):
        meters.take(f"idle-{number}", START)
    meters.take("early", START + 999)
    assert len(meters) == 101
    for number in range(50):  # two for each that comes
        meters.take("busy", START + 1_000 + number)
    assert len(meters) == 2, "the last two still count"


@given(
    limit=limits,
    takes=st.lists(st.tuples(st.integers(0, 2_000), st.sampled_from("abcdef")), max_size=100),
)
def test_forgetting_changes_no_answer(limit: Limit, takes: list[tuple[int, str]]):
    meters, alone, now = Meters(limit), {key: Meter() for key in "abcdef"}, START
    for gap, key in takes:
        now += gap
        assert meters.take(key, now) == alone[key].take(limit, now)


costs = st.integers(1, 700)


@given(limit=limits, gaps=gaps, cost=costs)
def test_what_costs_more_is_admitted_as_often_as_that_many(limit: Limit, gaps: list[int], cost):
    dear, cheap = Meter(), Meter()
    for now in moments(gaps):
        if dear.take(limit, now, cost) == 0:
            assert all(cheap.take(limit, now) == 0 for _ in range(min(cost, limit.count)))


@given(limit=limits, takes=st.lists(st.tuples(st.integers(0, 5_000), costs), max_size=100))
def test_no_window_admits_more_cost_than_the_burst_and_its_share(limit, takes):
    meter, now, admitted = Meter(), START, []
    for gap, cost in takes:
        now += gap
        if meter.take(limit, now, cost) == 0:
            admitted.append((now, min(cost, limit.count)))
    for first, (begin, _) in enumerate(admitted):
        total = 0
        for at, cost in admitted[first:]:
            total += cost
            assert total <= limit.count + (at - begin) * limit.count / limit.per_ms


@given(limit=limits, gaps=gaps, cost=costs)
def test_the_wait_for_any_cost_is_exact_and_ends(limit: Limit, gaps: list[int], cost: int):
    meter = Meter()
    for now in moments(gaps):
        wait = meter.take(limit, now, cost)
        if wait:
            assert wait <= limit.per_ms
            assert meter.take(limit, now + wait - 1, cost) == 1
            assert meter.take(limit, now + wait, cost) == 0
            break


@given(limit=limits, gaps=gaps, cost=costs)
def test_what_is_given_back_was_never_taken(limit: Limit, gaps: list[int], cost: int):
    meter, other = Meter(), Meter()
    for now in moments(gaps):
        if other.take(limit, now, cost) == 0:
            other.give_back(limit, cost)
        assert meter.take(limit, now) == other.take(limit, now)


def test_how_much_all_have_spent_is_told_exactly():
    limit = Limit(100, 1_000)
    allowance = Allowance(limit, limit)
    assert not allowance.has_spent(0)
    for _ in range(33):
        allowance.take(START)
    assert allowance.has_spent(32)
    assert not allowance.has_spent(33)
    allowance.take(START + 20)  # two are there again, of which this is one
    assert not allowance.has_spent(32)


EACH, ALL = Limit(10, 1_000), Limit(15, 1_000)


def test_an_allowance_is_bounded_by_its_own_limit_and_the_shared_one():
    one, other = Allowance(EACH, ALL), Allowance(EACH, ALL)
    other.share = one.share
    assert [one.take(START) == 0 for _ in range(11)] == [True] * 10 + [False]
    assert [other.take(START) == 0 for _ in range(6)] == [True] * 5 + [False]
    assert Allowance(EACH, ALL).take(START) == 0, "who shares with nobody has all of it"


def test_what_the_share_refuses_leaves_one_s_own_untouched():
    one, other = Allowance(EACH, Limit(10, 1_000)), Allowance(EACH, Limit(10, 1_000))
    other.share = one.share
    for _ in range(10):
        one.take(START)
    assert all(other.take(START) for _ in range(100))
    assert all(other.take(START + 1_000) == 0 for _ in range(10))


@given(
    limit=limits,
    shared=limits,
    events=st.lists(st.tuples(st.integers(0, 5_000), costs), min_size=1, max_size=50),
)
def test_a_dear_event_passes_after_the_wait_that_its_refusal_names(limit, shared, events):
    """As the service does it: one as it comes, the rest once it is known what it is."""

    def handle(now: int, cost: int) -> int:
        return allowance.take(now) or allowance.take_all(now, cost)

    allowance, now = Allowance(limit, shared), START
    for gap, cost in events:
        now += gap
        for _ in range(4):  # one wait each for its arrival and for all of it, in either limit
            wait = handle(now, cost)
            now += wait
            if not wait:
                break
        else:
            raise AssertionError("whoever waits as told gets through")


def test_a_share_outlives_those_who_hold_it_until_it_is_idle():
    shares = Shares(Limit(10, 1_000))
    meter = shares.enter("ann")
    assert shares.enter("ann") is meter
    for _ in range(10):
        meter.take(Limit(10, 1_000), START)
    shares.leave("ann")
    shares.leave("ann")
    shares.forget_idle(START + 999)
    assert shares.enter("ann") is meter, "who comes back has no more than before"
    shares.forget_idle(START + 1_000)
    assert shares.enter("ann") is meter, "who is there is not forgotten"
    for _ in range(2):
        shares.leave("ann")
    shares.forget_idle(START + 1_000)
    assert len(shares) == 0
