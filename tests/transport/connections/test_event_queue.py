"""A queue handles its entries one at a time, in order, and knows when it is full and when empty."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pace import TURN_S
from service.transport.connections.event_queue import (
    IN_A_TURN,
    MOST_BYTES,
    MOST_ENTRIES,
    EventQueue,
)
from service.transport.connections.workers import Workers


@dataclass(frozen=True)
class Entry:
    name: int
    size: int = 1


class Desk:
    """Handles entries, each as soon as the test lets it."""

    def __init__(self) -> None:
        self.queue: EventQueue[Entry] = EventQueue(self.handle, Workers())
        self.queue.most_bytes = MOST_BYTES
        self.begun: list[int] = []
        self.done: list[int] = []
        self.gate = asyncio.Semaphore(0)

    async def handle(self, entry: Entry) -> None:
        assert len(self.begun) == len(self.done), "two at a time"
        self.begun.append(entry.name)
        await self.gate.acquire()
        self.done.append(entry.name)

    def idle(self) -> bool:
        return self.queue.idle

    def crowded(self) -> bool:
        return self.queue.crowded

    async def let(self, count: int) -> None:
        """Let so many entries be done, and what follows from it."""
        for _ in range(count):
            self.gate.release()
        for _ in range(4 * count + 4):
            await asyncio.sleep(0)


def workers() -> int:
    return len(asyncio.all_tasks()) - 1


async def test_entries_are_handled_one_at_a_time_in_the_order_they_came():
    desk = Desk()
    for name in range(5):
        desk.queue.put(Entry(name))
    await desk.let(2)
    assert (desk.begun, desk.done) == ([0, 1, 2], [0, 1])
    await desk.let(3)
    assert desk.done == [0, 1, 2, 3, 4]


async def test_a_lane_is_idle_only_when_the_last_entry_is_done():
    desk = Desk()
    assert desk.idle()
    desk.queue.put(Entry(1))
    assert not desk.idle()
    await desk.let(0)
    assert desk.begun == [1]
    assert not desk.idle(), "what is being handled is not done"
    await desk.let(1)
    assert desk.idle()


async def test_what_is_put_while_another_is_handled_waits_its_turn():
    desk = Desk()
    desk.queue.put(Entry(1))
    await desk.let(0)
    desk.queue.put(Entry(2))
    assert desk.begun == [1]
    await desk.let(2)
    assert desk.done == [1, 2]


async def test_a_handler_may_put_more_behind():
    order: list[int] = []

    async def handle(entry: Entry) -> None:
        order.append(entry.name)
        if entry.name < 3:
            queue.put(Entry(entry.name + 10))
            queue.put(Entry(entry.name + 1))

    queue: EventQueue[Entry] = EventQueue(handle, Workers())
    queue.put(Entry(1))
    await queue.emptied()
    assert order == [1, 11, 2, 12, 3]


async def test_the_worker_lives_only_while_there_is_work():
    desk = Desk()
    assert workers() == 0
    for _ in range(2):
        desk.queue.put(Entry(1))
        desk.queue.put(Entry(2))
        assert workers() == 1
        await desk.let(2)
        assert workers() == 0


async def test_a_turn_ends_after_32_entries_and_the_others_have_theirs():
    order: list[str] = []
    workers = Workers()

    def queue(user: str) -> EventQueue[Entry]:
        async def handle(_: Entry) -> None:
            order.append(user)

        return EventQueue(handle, workers)

    flood, other = queue("flood"), queue("other")
    for name in range(100):
        flood.put(Entry(name))
    for name in range(3):
        other.put(Entry(name))
    await flood.emptied()
    assert IN_A_TURN == 32
    assert order.index("other") <= 32, "sooner, where the machine had other things to do"
    assert (order.count("flood"), order.count("other")) == (100, 3)


def slow(order: list[str]) -> Callable[[Entry], Coroutine[Any, Any, None]]:
    """Handles each entry for half of the time that a turn has."""

    async def handle(_: Entry) -> None:
        order.append("slow")
        end = time.perf_counter() + TURN_S / 2
        while time.perf_counter() < end:
            pass

    return handle


async def test_a_turn_ends_after_5_ms_and_the_others_have_theirs():
    order: list[str] = []
    workers = Workers()

    async def quick(_: Entry) -> None:
        order.append("quick")

    flood, other = EventQueue(slow(order), workers), EventQueue(quick, workers)
    for name in range(8):
        flood.put(Entry(name))
    other.put(Entry(0))
    await flood.emptied()
    assert TURN_S == 0.005
    assert order.index("quick") <= 2
    assert order.count("slow") == 8


async def test_the_loop_goes_round_after_each_turn():
    order: list[str] = []
    workers = Workers()
    queues = [EventQueue(slow(order), workers) for _ in range(5)]
    for queue in queues:
        for name in range(4):
            queue.put(Entry(name))
    while not all(queue.idle for queue in queues):
        order.append("read")
        await asyncio.sleep(0)
    in_between = [turn.count("slow") for turn in " ".join(order).split("read")]
    assert sum(in_between) == 20
    assert max(in_between) <= 3, "a turn begins within 5 ms, and lasts as long"


async def test_order_is_kept_over_turns():
    done: list[int] = []
    workers = Workers()

    async def handle(entry: Entry) -> None:
        done.append(entry.name)
        if entry.name % 10 == 0:
            await asyncio.sleep(0)

    queue, others = EventQueue(handle, workers), [EventQueue(handle, workers) for _ in range(3)]
    for name in range(150):
        queue.put(Entry(name))
        others[name % 3].put(Entry(-1 - name))
    await queue.emptied()
    assert [name for name in done if name >= 0] == [*range(150)]


async def test_256_entries_are_a_crowd():
    desk = Desk()
    for name in range(MOST_ENTRIES - 1):
        desk.queue.put(Entry(name))
    assert not desk.crowded()
    desk.queue.put(Entry(-1))
    assert MOST_ENTRIES == 256
    assert desk.crowded()
    await desk.let(1)
    assert not desk.crowded()
    await desk.let(MOST_ENTRIES)


async def test_256_kib_are_a_crowd():
    desk = Desk()
    desk.queue.put(Entry(1, MOST_BYTES - 1))
    assert not desk.crowded()
    desk.queue.put(Entry(2, 1))
    assert MOST_BYTES == 256 * 1024
    assert desk.crowded()
    await desk.let(1)
    assert not desk.crowded()
    await desk.let(1)


async def test_there_is_room_at_once_in_a_lane_that_is_not_crowded():
    desk = Desk()
    await asyncio.wait_for(desk.queue.room(), 1)
    desk.queue.put(Entry(1, MOST_BYTES - 1))
    await asyncio.wait_for(desk.queue.room(), 1)
    await desk.let(1)


async def test_everybody_who_waits_for_room_wakes_when_there_is_some():
    desk = Desk()
    for name in range(MOST_ENTRIES + 2):
        desk.queue.put(Entry(name))
    waiting = [asyncio.ensure_future(desk.queue.room()) for _ in range(3)]
    await desk.let(2)
    assert not any(waiter.done() for waiter in waiting)
    await desk.let(1)
    assert all(waiter.done() for waiter in waiting)
    await desk.let(MOST_ENTRIES)


async def test_who_finds_the_room_taken_again_waits_on():
    desk = Desk()
    desk.queue.put(Entry(1, MOST_BYTES))
    waiter = asyncio.ensure_future(desk.queue.room())
    await asyncio.sleep(0)
    desk.gate.release()
    await asyncio.sleep(0)  # the first is done, and the waiter told, but not yet awake
    assert desk.done == [1]
    desk.queue.put(Entry(2, MOST_BYTES))
    await desk.let(0)
    assert not waiter.done()
    await desk.let(1)
    assert waiter.done()


async def test_an_empty_lane_is_emptied_at_once():
    await asyncio.wait_for(Desk().queue.emptied(), 1)


async def test_emptied_waits_for_what_came_since():
    desk = Desk()
    desk.queue.put(Entry(1))
    emptied = asyncio.ensure_future(desk.queue.emptied())
    await desk.let(0)
    desk.queue.put(Entry(2))
    await desk.let(1)
    assert not emptied.done()
    await desk.let(1)
    assert emptied.done()


async def test_giving_up_the_wait_stops_no_work():
    desk = Desk()
    desk.queue.put(Entry(1))
    desk.queue.put(Entry(2))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(desk.queue.emptied(), 0.01)
    await desk.let(2)
    assert desk.done == [1, 2]
    assert desk.idle()


@given(st.lists(st.integers(0, MOST_BYTES), max_size=40), st.data())
def test_crowded_is_what_its_entries_weigh(sizes, data):
    async def run() -> None:
        desk = Desk()
        inside: list[int] = []
        for size in sizes:
            desk.queue.put(Entry(size, size))
            inside.append(size)
            leaving = data.draw(st.integers(0, len(inside)))
            await desk.let(leaving)
            del inside[:leaving]
            assert desk.idle() is (not inside)
            assert desk.crowded() is (sum(inside) >= MOST_BYTES)
        await desk.let(len(inside))
        assert desk.idle()
        assert desk.done == sizes

    asyncio.run(run())
