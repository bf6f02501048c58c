"""The resident memory of a real process of the service, watched while something is done to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

from tests.support.process import process
from tests.support.raw import GET, raw

MEBIBYTE = 1024 * 1024


class Memory:
    """What a process of the service takes: before, and at its peak."""

    def __init__(self, pid: int, port: int, admin_port: int) -> None:
        self.port = port
        self.admin_port = admin_port
        self._process = psutil.Process(pid)
        self.before = self.peak = self.now()

    def now(self) -> int:
        """Resident bytes."""
        return int(self._process.memory_info().rss)

    @property
    def grown(self) -> float:
        """MiB from before to the peak."""
        return (self.peak - self.before) / MEBIBYTE

    def connections(self) -> int:
        """TCP connections that it has open."""
        found = self._process.net_connections("tcp")
        return sum(one.status == psutil.CONN_ESTABLISHED for one in found)

    async def watch(self) -> None:
        """Note the peak, until cancelled."""
        while True:
            self.peak = max(self.peak, self.now())
            await asyncio.sleep(0.01)


@asynccontextmanager
async def watched(**settings: str) -> AsyncIterator[Memory]:
    """A process that has served a first request, and whose memory is watched."""
    async with process(**settings) as service:
        async with raw(service.port) as connection:
            await connection.send(GET)
            await connection.answer()
        memory = Memory(service.process.pid, service.port, service.admin_port)
        watching = asyncio.create_task(memory.watch())
        try:
            yield memory
        finally:
            watching.cancel()
        async with raw(service.port) as connection:
            await connection.send(GET)
            assert (await connection.answer())[0] == 200
