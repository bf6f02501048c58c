"""Who is one sender, and how many are remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.auth import senders
from service.auth.senders import MOST, Senders, block_of
from service.limits import Limit

NOW = 1_795_000_000_000
ONE_A_MINUTE = Limit(1, 60_000)


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
    limited = Senders(ONE_A_MINUTE)
    assert limited.take(first, NOW) == 0
    assert limited.take(second, NOW) == 60_000


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
    limited = Senders(ONE_A_MINUTE)
    assert limited.take(first, NOW) == limited.take(second, NOW) == 0


def test_memory_is_bounded_and_who_was_seen_longest_ago_goes_first():
    limited = Senders(ONE_A_MINUTE)
    for address in ("198.51.100.1", "198.51.100.2"):
        limited.take(address, NOW)
    for number in range(MOST - 2):
        limited.take(f"10.0.{number >> 8}.{number & 255}", NOW)
    assert limited.take("198.51.100.1", NOW + 1) > 0  # is the latest again
    limited.take("203.0.113.1", NOW + 1)
    assert len(limited) == MOST
    assert limited.take("198.51.100.1", NOW + 1) > 0
    assert limited.take("198.51.100.2", NOW + 1) == 0  # begins anew


def test_who_has_the_whole_limit_again_is_forgotten():
    limited = Senders(ONE_A_MINUTE)
    for number in range(100):
        limited.take(f"192.0.2.{number}", NOW)
    limited.take("203.0.113.1", NOW + 60_000)
    assert len(limited) == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 90_000)), max_size=60))
def test_forgetting_changes_no_answer(steps: list[tuple[int, int]]):
    limited, now = Senders(ONE_A_MINUTE), NOW
    free_at: dict[int, int] = {}
    for number, gap in steps:
        now += gap
        wait = limited.take(f"192.0.2.{number}", now)
        assert wait == max(0, free_at.get(number, 0) - now)
        if not wait:
            free_at[number] = now + 60_000


def test_the_bound_is_the_one_that_the_privacy_page_states():
    assert senders.MOST == 10_000
