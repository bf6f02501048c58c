"""A service whose store of calls can be made to wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from service.calls.call import Call
from service.stores import Stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers
from tests.resuming.stage import Stage
from tests.support.service import alone, running


class GatedCalls(MemoryCalls):
    """A store of calls that moves none while its gate is shut."""

    def __init__(self, users: MemoryUsers) -> None:
        super().__init__(users)
        self.gate = asyncio.Event()
        self.gate.set()
        self.waits = 0

    async def swap(self, before: Call, after: Call, op: str) -> Call | None:
        self.waits += 1
        await self.gate.wait()
        self.waits -= 1
        return await super().swap(before, after, op)


@asynccontextmanager
async def gated() -> AsyncIterator[tuple[Stage, GatedCalls]]:
    """The service with its defaults, nobody there yet, and its store."""
    users = MemoryUsers()
    calls = GatedCalls(users)
    stores = Stores(users, calls, MemoryReplies(), MemorySessions())
    async with AsyncExitStack() as stack:
        yield Stage(await stack.enter_async_context(running(alone(stores))), stack), calls
