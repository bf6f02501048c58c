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


def test_a_lock_that_is_free_is_taken_at_once():
    """Without a wait, so that there need not even be an event loop."""
    locks = KeyedLocks()
    for _ in range(2):
        assert locks.enter("call") is None
        locks.leave("call")
    assert len(locks) == 0


async def test_turns_are_given_in_the_order_of_asking():
    locks = KeyedLocks()
    assert locks.enter("call") is None
    turns = [locks.enter("call") for _ in range(3)]
    for number, turn in enumerate(turns):
        assert turn is not None
        locks.leave("call")
        await locks.granted("call", turn)
        assert [each.done() for each in turns if each] == [n <= number for n in range(3)]
    locks.leave("call")
    assert len(locks) == 0


async def test_nobody_comes_between_a_turn_that_is_given_and_its_taking():
    locks = KeyedLocks()
    locks.enter("call")
    first = locks.enter("call")
    locks.leave("call")
    assert first is not None
    assert first.done()
    assert locks.enter("call") is not None, "it is taken, though nobody runs with it yet"


async def test_an_idle_key_leaves_no_trace():
    locks = KeyedLocks()
    for number in range(100):
        async with locks.of(number):
            pass
    assert len(locks) == 0


async def test_a_block_that_fails_lets_go():
    locks = KeyedLocks()
    with pytest.raises(LookupError):
        async with locks.of("one"):
            raise LookupError
    assert len(locks) == 0


async def test_who_gives_up_waiting_leaves_no_trace():
    locks = KeyedLocks()
    async with locks.of("one"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), locks.of("one"):
                pytest.fail("it was taken")
        assert len(locks) == 1
    assert len(locks) == 0


async def waiting(locks: KeyedLocks, seen: list[str], name: str) -> asyncio.Task[None]:
    """A task that waits for the lock of `call`."""

    async def take() -> None:
        async with locks.of("call"):
            seen.append(name)

    task = asyncio.create_task(take())
    await asyncio.sleep(0)
    return task


@pytest.mark.parametrize("turn_has_come", [False, True])
async def test_who_is_cancelled_is_passed_over(turn_has_come):
    locks = KeyedLocks()
    seen: list[str] = []
    locks.enter("call")
    gone, next_one = await waiting(locks, seen, "gone"), await waiting(locks, seen, "next")
    if turn_has_come:
        locks.leave("call")
        gone.cancel()
    else:
        gone.cancel()
        locks.leave("call")
    await asyncio.wait([gone, next_one])
    assert gone.cancelled()
    assert seen == ["next"]
    assert len(locks) == 0
