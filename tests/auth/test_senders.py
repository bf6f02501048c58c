"""Who is one sender, and how many are remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.auth import senders
from service.auth.senders import MOST_SENDERS, block_of
from service.limits import Limit, Meters

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
    limited = Meters(ONE_A_MINUTE, MOST_SENDERS)
    assert limited.take(block_of(first), NOW) == 0
    assert limited.take(block_of(second), NOW) == 60_000


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
    limited = Meters(ONE_A_MINUTE, MOST_SENDERS)
    assert limited.take(block_of(first), NOW) == limited.take(block_of(second), NOW) == 0


def test_memory_is_bounded_and_who_was_seen_longest_ago_goes_first():
    limited = Meters(ONE_A_MINUTE, MOST_SENDERS)
    for address in ("198.51.100.1", "198.51.100.2"):
        limited.take(block_of(address), NOW)
    for number in range(MOST_SENDERS - 2):
        limited.take(block_of(f"10.0.{number >> 8}.{number & 255}"), NOW)
    assert limited.take(block_of("198.51.100.1"), NOW + 1) > 0  # is the latest again
    limited.take(block_of("203.0.113.1"), NOW + 1)
    assert len(limited) == MOST_SENDERS
    assert limited.take(block_of("198.51.100.1"), NOW + 1) > 0
    assert limited.take(block_of("198.51.100.2"), NOW + 1) == 0  # begins anew


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 90_000)), max_size=60))
def test_forgetting_changes_no_answer(steps: list[tuple[int, int]]):
    limited, now = Meters(ONE_A_MINUTE, MOST_SENDERS), NOW
    free_at: dict[int, int] = {}
    for number, gap in steps:
        now += gap
        wait = limited.take(block_of(f"192.0.2.{number}"), now)
        assert wait == max(0, free_at.get(number, 0) - now)
        if not wait:
            free_at[number] = now + 60_000


def test_the_bound_is_the_one_that_the_privacy_page_states():
    assert senders.MOST_SENDERS == 10_000
