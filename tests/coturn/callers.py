"""Callers who ask the service for credentials all the time, and open relays at every coturn.

They open them with new credentials and with those that they have kept.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from service.ports import IceServer
from tests.coturn.peers import refusal
from tests.support.service import token
from tests.support.waiting import PATIENCE_S, until

_PAUSE_S = 0.2


@dataclass
class Callers:
    """Who opens relays at each TURN URL, with credentials of up to `keeping_s`; what they heard."""

    port: int
    urls: Sequence[str]
    keeping_s: float
    answers: Counter[int | None] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _kept: deque[tuple[float, str, str]] = field(default_factory=deque)

    async def call(self) -> None:
        """Open relays until it is over."""
        headers = {"Authorization": f"Bearer {token('alice')}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            while not self.over.is_set():
                now = asyncio.get_running_loop().time()
                async with http.get(f"http://127.0.0.1:{self.port}/turn") as answer:
                    given = await answer.json()
                self._kept.append((now, given["username"], given["password"]))
                while self._kept[0][0] < now - self.keeping_s:
                    self._kept.popleft()
                for _, user, password in (self._kept[0], self._kept[-1]):
                    for url in self.urls:
                        self.answers[await refusal(IceServer((url,), user, password))] += 1
                await asyncio.sleep(_PAUSE_S)

    async def more(self) -> None:
        """Wait until some more relays have opened."""
        goal = self.answers[None] + 20
        await until(lambda: self.answers[None] >= goal, "relays")

    async def renew(self) -> None:
        """Wait until nobody uses a credential any more that there is by now."""
        now = asyncio.get_running_loop().time()
        patience = self.keeping_s + PATIENCE_S
        await until(lambda: self._kept[0][0] > now, "credentials", patience)

    @property
    def refused(self) -> int:
        """How many were refused for their credential so far (RFC 8489, 9.2.4)."""
        return self.answers[401]

    def __str__(self) -> str:
        return f"{self.refused} refused of {self.answers.total()}: {dict(self.answers)}"


@asynccontextmanager
async def callers(port: int, urls: Sequence[str], keeping_s: float) -> AsyncIterator[Callers]:
    """Callers of the service at this port, during the block."""
    found = Callers(port, urls, keeping_s)
    async with asyncio.TaskGroup() as calling:
        calling.create_task(found.call())
        try:
            yield found
        finally:
            found.over.set()
