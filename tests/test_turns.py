"""Turns: one at a time for each key, and nothing kept of a key that is idle."""

import asyncio

import pytest

from service.turns import Turns


async def test_one_at_a_time_in_the_order_of_asking():
    turns, seen = Turns(), []

    async def take(number: int) -> None:
        async with turns.of("call"):
            seen.append(number)
            await asyncio.sleep(0)
            seen.append(number)

    await asyncio.gather(*(take(number) for number in range(5)))
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


async def test_other_keys_do_not_wait():
    turns = Turns()
    async with turns.of("one"):
        assert len(turns) == 1
        async with turns.of("other"):
            assert len(turns) == 2


async def test_an_idle_key_leaves_no_trace():
    turns = Turns()
    for number in range(100):
        async with turns.of(number):
            pass
    assert len(turns) == 0


async def test_who_gives_up_waiting_leaves_no_trace():
    turns = Turns()
    async with turns.of("one"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), turns.of("one"):
                pytest.fail("it was taken")
        assert len(turns) == 1
    assert len(turns) == 0
