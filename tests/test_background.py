"""Work in the background: one piece at a time, and none once it is closed."""

import asyncio

import pytest

from service.background import Background, backoff_ms


class Slow(Background):
    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.goes_on = asyncio.Event()

    async def work(self) -> None:
        self.begun += 1
        await self.goes_on.wait()


async def test_one_piece_at_a_time():
    slow = Slow()
    for _ in range(2):
        slow.begin(slow.work)
        await asyncio.sleep(0)
    assert slow.begun == 1
    slow.goes_on.set()
    await slow.under_way()
    slow.begin(slow.work)
    await slow.under_way()
    assert not slow.busy
    assert slow.begun == 2


async def test_nothing_begins_once_it_is_closed():
    slow = Slow()
    slow.begin(slow.work)
    await slow.close()
    slow.begin(slow.work)
    assert not slow.busy


async def test_work_that_fails_is_over():
    slow = Slow()

    async def failing() -> None:
        raise MemoryError

    slow.begin(failing)
    await slow.under_way()
    assert slow._task is not None
    assert isinstance(slow._task.exception(), MemoryError)
    slow.begin(slow.work)
    assert slow.busy
    await slow.close()


@pytest.mark.parametrize(
    ("failures", "pause"), [(1, 2_000), (2, 4_000), (5, 30_000), (10_000, 30_000)]
)
def test_pauses_double_up_to_the_longest(failures: int, pause: int):
    assert backoff_ms(failures, 30_000) == pause
