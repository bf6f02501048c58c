"""The stores of one process, answering as late and as unevenly as a network does."""

import asyncio
import random
from typing import Any

from service.stores import Stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers

_MOST_TURNS = 4


def _delayed(store: type[Any], chance: random.Random) -> type[Any]:
    """A store whose every method takes some turns of the event loop to go and to return."""

    async def travel() -> None:
        for _ in range(chance.randrange(_MOST_TURNS)):
            await asyncio.sleep(0)

    def late(name: str) -> Any:
        async def method(self: Any, *arguments: Any) -> Any:
            await travel()
            result = await getattr(store, name)(self, *arguments)
            await travel()
            return result

        return method

    names = [name for name, one in vars(store).items() if asyncio.iscoroutinefunction(one)]
    return type(f"Late{store.__name__}", (store,), {name: late(name) for name in names})


def late_stores(seed: int) -> Stores:
    """Stores behind a slow network."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    users = _delayed(MemoryUsers, chance)()
    return Stores(
        users,
        _delayed(MemoryCalls, chance)(users),
        _delayed(MemoryReplies, chance)(),
        _delayed(MemorySessions, chance)(),
    )
