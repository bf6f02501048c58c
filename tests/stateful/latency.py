"""The stores of one process, answering as late and as unevenly as a network does."""

import asyncio
import random
from typing import Any

import pytest

from service.stores.answers import MemoryAnswers
from service.stores.memory import MemoryCalls, MemorySessions

_MOST_TURNS = 4


def delayed(store: type[Any], chance: random.Random) -> type[Any]:
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


def delay_stores(patch: pytest.MonkeyPatch, seed: int) -> None:
    """Let every node built from now on have such stores."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    for store in (MemoryCalls, MemorySessions, MemoryAnswers):
        patch.setattr(f"service.node.{store.__name__}", delayed(store, chance))
