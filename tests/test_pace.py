"""Many things in short pieces: one piece in a turn of the loop, whoever else has some."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from service.pace import STARTS, TURN_S, Pace, give_way, paced


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


class Turns:
    """Counts turns of the loop while a test's work goes on."""

    def __init__(self) -> None:
        self.count = 0

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.count += 1


async def test_each_thing_comes_once_and_in_order():
    assert [thing async for thing in paced(range(1_000))] == [*range(1_000)]
    nothing: list[int] = []
    assert [thing async for thing in paced(nothing)] == []


async def test_little_is_done_at_once():
    turns = Turns()
    counting = asyncio.create_task(turns.run())
    async for _ in paced(range(10)):
        pass
    assert turns.count == 0
    counting.cancel()


async def test_much_gives_way_every_5_ms():
    turns, seen = Turns(), []
    counting = asyncio.create_task(turns.run())
    async for _ in paced(range(20)):
        seen.append(turns.count)
        busy(TURN_S / 2)
    assert max(seen.count(turn) for turn in set(seen)) <= 2
    counting.cancel()


async def test_what_is_taken_back_while_it_gives_way_does_not_come():
    things, seen = [1, 2], []

    async def take_back() -> None:
        things.clear()

    def taken() -> Iterator[int]:
        while things:
            yield things.pop(0)

    async for thing in paced(taken()):
        seen.append(thing)
        taking_back = asyncio.create_task(take_back())
        busy(TURN_S)
    await taking_back
    assert seen == [1]


async def test_in_one_turn_there_is_one_piece_however_many_have_some():
    turns, seen = Turns(), []

    async def work() -> None:
        await give_way()
        async for _ in paced(range(5)):
            seen.append(turns.count)
            busy(TURN_S)

    counting = asyncio.create_task(turns.run())
    await asyncio.gather(*(work() for _ in range(4)))
    assert len(seen) == 20
    assert len(set(seen)) == 20
    counting.cancel()


async def test_whoever_gives_up_waiting_holds_up_nobody():
    first, second = asyncio.create_task(give_way()), asyncio.create_task(give_way())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait_for(second, 1)
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_few_begin_at_once_and_a_few_in_each_turn_after():
    turns, starts, seen = Turns(), Pace(STARTS), []

    async def begin(number: int) -> None:
        await starts.turn()
        seen.append((turns.count, number))

    counting = asyncio.create_task(turns.run())
    await asyncio.gather(*(begin(number) for number in range(5 * STARTS)))
    assert [number for _, number in seen] == [*range(5 * STARTS)], "first come, first served"
    begun = [turn for turn, _ in seen]
    assert {begun.count(turn) for turn in begun} == {STARTS}
    counting.cancel()


async def test_whoever_gives_up_a_start_takes_nobodys():
    starts = Pace(STARTS)
    for _ in range(STARTS):
        await starts.turn()
    waiting = [asyncio.create_task(starts.turn()) for _ in range(3 * STARTS)]
    await asyncio.sleep(0)
    for one in waiting[:-1]:
        one.cancel()
    await asyncio.wait_for(waiting[-1], 1)
    await starts.turn()
