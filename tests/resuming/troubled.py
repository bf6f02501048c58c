"""Stores of which single operations fail."""

import asyncio
from collections import defaultdict
from typing import Any

from service.errors import StoreUnavailable
from service.stores import Stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from service.stores.memory.sessions import MemorySessions
from service.stores.memory.users import MemoryUsers


class Trouble:
    """Which operations of the stores fail: the next `fail`, once `after` have gone well."""

    def __init__(self) -> None:
        self._plans: defaultdict[str, list[bool]] = defaultdict(list)
        users = self._troubled(MemoryUsers)()
        self.stores = Stores(
            users,
            self._troubled(MemoryCalls)(users),
            MemoryReplies(),
            self._troubled(MemorySessions)(),
        )

    def expect(self, operation: str, *, after: int = 0, fail: int = 1) -> None:
        """Have an operation, as `users.add`, fail so often."""
        self._plans[operation] = [False] * after + [True] * fail

    def occurred(self, operation: str) -> bool:
        """Whether an operation has failed as often as it was to."""
        return not self._plans[operation]

    def over(self) -> None:
        """Have every operation go well from now on."""
        self._plans.clear()

    def _troubled(self, store: type[Any]) -> type[Any]:
        kind = store.__name__.removeprefix("Memory").lower()

        def method(name: str) -> Any:
            async def troubled(store_: Any, *arguments: Any) -> Any:
                plan = self._plans[f"{kind}.{name}"]
                if plan and plan.pop(0):
                    raise StoreUnavailable
                return await getattr(store, name)(store_, *arguments)

            return troubled

        names = [name for name, one in vars(store).items() if asyncio.iscoroutinefunction(one)]
        return type(f"Troubled{store.__name__}", (store,), {name: method(name) for name in names})
