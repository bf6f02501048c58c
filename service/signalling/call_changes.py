"""Waiting for a call's next state without a socket, as over HTTP.

A wait lasts as long as the request that it is for, and no longer than that has asked.
"""

import asyncio
from collections.abc import Awaitable, Callable

from service.calls.call import Call
from service.signalling.call_routes import Routes

MOST_WAITS = 2
"""Waits of one user for one call; the oldest gives way."""
_LOOK_EVERY_S = 1.0


class CallChanges:
    """Lets requests wait until a call is in another state.

    Args:
        load: the call as it is stored; raises `CallNotFound`.
    """

    def __init__(self, routes: Routes, load: Callable[[str], Awaitable[Call]]) -> None:
        self._routes = routes
        self._load = load
        self._waits: dict[str, list[_Wait]] = {}
        self._draining = False

    def __len__(self) -> int:
        return sum(map(len, self._waits.values()))

    async def after(self, user: str, known: Call, seconds: int) -> Call:
        """The call in another state than `known`, or as it is after so many seconds.

        It comes sooner, as it is, when the user begins a third wait for it, and when the node
        drains.

        Raises:
            CallNotFound: nobody remembers it any more.
        """
        wait = self._begin(user, known)
        try:
            for _ in range(seconds):
                await asyncio.wait({wait.over}, timeout=_LOOK_EVERY_S)
                if wait.over.done():
                    break
                # A node hears of the calls in which it has a part. Any other is looked up.
                if self._routes.get(known.id) is None:
                    wait.see(await self._load(known.id))
        finally:
            self._end(wait)
        changed = wait.over.result() if wait.over.done() else None
        return changed or await self._load(known.id)

    def moved(self, call: Call) -> None:
        """Have those who wait for the call see how it is now."""
        for wait in self._waits.get(call.id, ()):
            wait.see(call)

    def drain(self) -> None:
        """Let nobody wait any more: the node is stopping."""
        self._draining = True
        for waits in self._waits.values():
            for wait in waits:
                wait.give_up()

    def _begin(self, user: str, known: Call) -> "_Wait":
        waits = self._waits.setdefault(known.id, [])
        same = [wait for wait in waits if wait.user == user and not wait.over.done()]
        if len(same) >= MOST_WAITS:
            same[0].give_up()
        wait = _Wait(user, known)
        waits.append(wait)
        if (route := self._routes.get(known.id)) is not None:
            wait.see(route.call)  # it may have moved while the store's answer was on its way
        if self._draining:
            wait.give_up()
        return wait

    def _end(self, wait: "_Wait") -> None:
        waits = self._waits[wait.known.id]
        waits.remove(wait)
        if not waits:
            del self._waits[wait.known.id]


class _Wait:
    """One request that waits; `over` has the changed call, or None where it is to wait no more."""

    def __init__(self, user: str, known: Call) -> None:
        self.user = user
        self.known = known
        self.over: asyncio.Future[Call | None] = asyncio.get_running_loop().create_future()

    def see(self, call: Call) -> None:
        """Be over, if the call is in another state by now."""
        newer = call.revision > self.known.revision and call.state is not self.known.state
        if newer and not self.over.done():
            self.over.set_result(call)

    def give_up(self) -> None:
        """Be over, with the call as it is."""
        if not self.over.done():
            self.over.set_result(None)
