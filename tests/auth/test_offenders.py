"""Forged tokens from one place: ten free, ten slow, then none until the window moves on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.auth.offenders import (
    MOST_BLOCKS,
    WINDOW_MS,
    Admit,
    Delay,
    Offenders,
    Refuse,
    Verdict,
    block_of,
)

NOW = 1_795_000_000_000
ADDRESS = "192.0.2.7"


def verdicts(offenders: Offenders, forgeries: int, address: str = ADDRESS) -> list[Verdict]:
    """What is said before each of so many forgeries, a second apart."""
    said = []
    for second in range(forgeries):
        said.append(offenders.verdict(address, NOW + second * 1_000))
        offenders.blame(address, NOW + second * 1_000)
    return said


def test_ten_are_free_and_ten_delayed_and_then_all_refused():
    offenders = Offenders()
    assert verdicts(offenders, 20) == [Admit()] * 10 + [Delay(1_000)] * 10
    assert offenders.verdict(ADDRESS, NOW + 20_000) == Refuse(WINDOW_MS - 20_000)


def test_retry_after_is_exact_and_lets_one_more_through_slowly():
    offenders = Offenders()
    verdicts(offenders, 20)
    assert offenders.verdict(ADDRESS, NOW + WINDOW_MS - 1) == Refuse(1)
    assert offenders.verdict(ADDRESS, NOW + WINDOW_MS) == Delay(1_000)
    offenders.blame(ADDRESS, NOW + WINDOW_MS)
    assert offenders.verdict(ADDRESS, NOW + WINDOW_MS) == Refuse(1_000)


def test_blame_while_refused_prolongs_the_refusal_and_keeps_no_more_than_twenty():
    offenders = Offenders()
    verdicts(offenders, 30)
    assert offenders.verdict(ADDRESS, NOW + 30_000) == Refuse(WINDOW_MS - 20_000)
    assert len(offenders._blamed[ADDRESS]) == 20


def test_half_an_hour_later_all_is_forgiven():
    offenders = Offenders()
    verdicts(offenders, 20)
    assert offenders.verdict(ADDRESS, NOW + 19_000 + WINDOW_MS) == Admit()


def test_another_address_is_not_blamed():
    offenders = Offenders()
    verdicts(offenders, 20)
    assert offenders.verdict("192.0.2.8", NOW) == Admit()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"),
        ("2001:DB8:0:0::1", "2001:db8::2"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("testclient", "testclient"),
    ],
)
def test_one_sender(first: str, second: str):
    offenders = Offenders()
    verdicts(offenders, 10, first)
    assert offenders.verdict(second, NOW) == Delay(1_000)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8::1", "2001:db8:0:1::1"),
        ("192.0.2.7", "192.0.2.8"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8"),
        ("0.0.0.0", "::"),
        ("", "::"),
    ],
)
def test_two_senders(first: str, second: str):
    assert block_of(first) != block_of(second)


@pytest.mark.parametrize(("scale", "free"), [(0.5, 5), (3, 30), (0.001, 1)])
def test_the_scale_multiplies_both_tens(scale: float, free: int):
    said = verdicts(Offenders(scale), 2 * free + 1)
    assert said[: 2 * free] == [Admit()] * free + [Delay(1_000)] * free
    assert isinstance(said[-1], Refuse)


def test_memory_is_bounded_and_the_oldest_goes_first():
    offenders = Offenders()
    verdicts(offenders, 10, "198.51.100.1")
    verdicts(offenders, 10, "198.51.100.2")
    for number in range(MOST_BLOCKS - 2):
        offenders.blame(f"10.0.{number >> 8}.{number & 255}", NOW)
    offenders.blame("198.51.100.1", NOW)  # is the latest again
    offenders.blame("203.0.113.1", NOW)
    assert len(offenders) == MOST_BLOCKS
    assert offenders.verdict("198.51.100.1", NOW) == Delay(1_000)
    assert offenders.verdict("198.51.100.2", NOW) == Admit()


@given(st.lists(st.integers(0, WINDOW_MS // 5), max_size=80))
def test_no_half_hour_sees_more_than_twenty_forgeries_looked_at(gaps: list[int]):
    offenders, now, looked_at = Offenders(), NOW, []
    for gap in gaps:
        now += gap
        match offenders.verdict(ADDRESS, now):
            case Refuse(wait):
                assert 0 < wait <= WINDOW_MS
                assert isinstance(offenders.verdict(ADDRESS, now + wait - 1), Refuse)
                assert not isinstance(offenders.verdict(ADDRESS, now + wait), Refuse)
            case _:
                looked_at.append(now)
                offenders.blame(ADDRESS, now)
    for at in looked_at:
        assert sum(at <= other < at + WINDOW_MS for other in looked_at) <= 20
