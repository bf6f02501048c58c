"""The clockwork: one tick at a time, and a chore that fails stops no other."""

import asyncio

from service.sweeper import Sweeper


async def test_a_tick_waits_for_the_one_under_way():
    done: list[int] = []
    slow = asyncio.Event()

    async def chore() -> None:
        number = len(done)
        await slow.wait()
        done.append(number)

    sweeper = Sweeper(chore)
    first, second = [asyncio.create_task(sweeper.sweep()) for _ in range(2)]
    await asyncio.sleep(0)
    slow.set()
    await second
    assert first.done()
    assert done == [0, 1]


async def test_a_chore_that_fails_stops_no_other():
    done: list[str] = []

    async def failing() -> None:
        raise ValueError("no")

    async def chore() -> None:
        done.append("chore")

    sweeper = Sweeper(failing, chore)
    await sweeper.sweep()
    await sweeper.sweep()
    assert done == ["chore", "chore"]
