"""Tasks: work is done on the spot, and is a task once it has to wait."""

import asyncio
from contextvars import ContextVar

import pytest

from service.tasks import Tasks
from tests.support.logged import logged
from tests.support.waiting import until

who: ContextVar[str] = ContextVar("who", default="nobody")


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


async def over(tasks: Tasks) -> None:
    await until(lambda: not tasks, "the work to be done")


def test_work_that_does_not_wait_is_done_on_the_spot(tasks):
    """Without a task, so that there need not even be an event loop."""
    done: list[str] = []

    async def deeper() -> str:
        return "deeper"

    async def work() -> None:
        done.append(await deeper())

    tasks.start(work())
    assert done == ["deeper"]
    assert len(tasks) == 0


async def test_what_comes_behind_a_wait_is_done_in_a_task(tasks):
    done: list[object] = []
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        done.append(asyncio.current_task())
        done.append(await answer)
        done.append(asyncio.current_task())

    tasks.start(work())
    assert done == [asyncio.current_task()]
    assert len(tasks) == 1
    answer.set_result("the answer")
    await over(tasks)
    starter, told, own = done
    assert told == "the answer"
    assert own not in (starter, None)


async def test_work_may_wait_often_and_for_anything(tasks):
    done: list[int] = []

    async def work() -> None:
        for number in range(3):
            await asyncio.sleep(0)
            async with asyncio.timeout(60):
                await asyncio.create_task(asyncio.sleep(0))
            done.append(number)

    tasks.start(work())
    await over(tasks)
    assert done == [0, 1, 2]


async def test_what_it_waits_for_may_be_there_before_its_task_is(tasks):
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done: list[str] = []

    async def work() -> None:
        done.append(await answer)

    tasks.start(work())
    answer.set_result("already")
    await over(tasks)
    assert done == ["already"]


async def test_work_has_a_context_of_its_own(tasks):
    seen: list[str] = []
    go = asyncio.Event()

    async def work(name: str) -> None:
        seen.append(who.get())
        who.set(name)
        await go.wait()
        seen.append(who.get())

    who.set("starter")
    tasks.start(work("one"))
    tasks.start(work("other"))
    assert who.get() == "starter"
    go.set()
    await over(tasks)
    assert seen == ["starter", "starter", "one", "other"]
    assert who.get() == "starter"


async def test_a_failure_on_the_spot_is_logged_and_the_starter_goes_on(tasks):
    async def work() -> None:
        raise LookupError("nobody is there")

    with logged() as lines:
        tasks.start(work())
    (line,) = lines.of("task.failed")
    assert "nobody is there" in str(line)
    assert len(tasks) == 0


async def test_a_failure_behind_a_wait_is_logged(tasks):
    async def work() -> None:
        await asyncio.sleep(0)
        raise LookupError("nobody is there")

    with logged() as lines:
        tasks.start(work())
        await over(tasks)
    (line,) = lines.of("task.failed")
    assert "nobody is there" in str(line)


async def test_a_wait_that_fails_fails_in_the_work(tasks):
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done: list[str] = []

    async def work() -> None:
        try:
            await answer
        except LookupError as error:
            done.append(str(error))
        await asyncio.sleep(0)
        done.append("went on")

    with logged() as lines:
        tasks.start(work())
        answer.set_exception(LookupError("lost"))
        await over(tasks)
    assert done == ["lost", "went on"]
    assert lines.of("task.failed") == []


async def test_work_whose_wait_is_cancelled_ends_there(tasks):
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done: list[str] = []

    async def work() -> None:
        try:
            await answer
        finally:
            done.append("cleared up")
        done.append("went on")

    with logged() as lines:
        tasks.start(work())
        answer.cancel()
        await over(tasks)
    assert done == ["cleared up"]
    assert lines.of("task.failed") == []


async def test_work_that_is_cancelled_clears_up(tasks):
    done: list[object] = []
    go = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        done.append(asyncio.current_task())
        try:
            await go.wait()
        except asyncio.CancelledError:
            done.append("cleared up")
            raise

    tasks.start(work())
    await until(lambda: done, "its task")
    (task,) = done
    assert isinstance(task, asyncio.Task)
    task.cancel()
    await over(tasks)
    assert task.cancelled()
    assert done == [task, "cleared up"]
