"""KeyedLocks: one at a time for each key, and nothing kept of a key that is idle."""

import asyncio

import pytest

from service.keyed_locks import KeyedLocks


async def test_one_at_a_time_in_the_order_of_asking():
    locks, seen = KeyedLocks(), []

    async def take(number: int) -> None:
        async with locks.of("call"):
            seen.append(number)
            await asyncio.sleep(0)
            seen.append(number)

    await asyncio.gather(*(take(number) for number in range(5)))
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


async def test_other_keys_do_not_wait():
    locks = KeyedLocks()
    async with locks.of("one"):
        assert len(locks) == 1
        async with locks.of("other"):
            assert len(locks) == 2


async def test_an_idle_key_leaves_no_trace():
    locks = KeyedLocks()
    for number in range(100):
        async with locks.of(number):
            pass
    assert len(locks) == 0


async def test_who_gives_up_waiting_leaves_no_trace():
    locks = KeyedLocks()
    async with locks.of("one"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), locks.of("one"):
                pytest.fail("it was taken")
        assert len(locks) == 1
    assert len(locks) == 0
