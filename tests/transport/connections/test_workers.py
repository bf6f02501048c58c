"""Workers: one task for all that have work, another for what waits."""

import asyncio

from service.transport.connections.workers import Workers


class Job:
    """Work that waits for its gate, if it has one."""

    def __init__(self, gate: asyncio.Event | None = None) -> None:
        self.gate = gate
        self.task: asyncio.Task[None] | None = None
        self.done = False

    async def work(self) -> bool:
        self.task = asyncio.current_task()
        if self.gate is not None:
            await self.gate.wait()
        self.done = True
        return False


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_all_that_has_work_in_a_turn_shares_a_task():
    workers, jobs = Workers(), [Job() for _ in range(5)]
    for job in jobs:
        workers.serve(job.work)
    await turns(2)
    assert all(job.done for job in jobs)
    assert len({job.task for job in jobs}) == 1


async def test_what_waits_holds_up_nobody():
    workers, gate = Workers(), asyncio.Event()
    waiting, behind = Job(gate), Job()
    workers.serve(waiting.work)
    workers.serve(behind.work)
    await turns(3)
    assert (waiting.done, behind.done) == (False, True)
    assert waiting.task is not behind.task
    gate.set()
    await turns(2)
    assert waiting.done


async def test_what_comes_after_the_first_wait_is_begun_too():
    workers, gate, jobs = Workers(), asyncio.Event(), []
    for _ in range(4):
        jobs.append(Job(gate))
        workers.serve(jobs[-1].work)
        await turns(1)
    await turns(8)
    assert all(job.task is not None for job in jobs)
    gate.set()
    await turns(2)
    assert all(job.done for job in jobs)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "no task outlives its work"
