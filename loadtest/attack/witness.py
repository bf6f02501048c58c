"""What an attack costs everybody else: memory, a bystander's time, and the health that is told."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from dataclasses import dataclass

import psutil

from loadtest.attack.bystanders import Bystanders
from loadtest.serving import Served

_EVERY_S = 0.1
"""Between two questions after its health."""
_PATIENCE_S = 20.0
_MEMORY_EVERY_S = 0.01
_MEBIBYTE = 1024 * 1024
_QUESTION = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen over some time; times in seconds, memory in MiB."""

    peak: float
    relay: list[float]
    health: list[float]
    lost: str


class Witness:
    """Watches one service, as an operator and two of its users would."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._bystanders = Bystanders()
        self._health: list[float] = []
        self._questions: set[asyncio.Task[None]] = set()
        self._lost = ""
        self._peak = 0.0

    def memory(self) -> float:
        """What the process takes now, in MiB; nothing once it has ended."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return float(self._served.process.memory_info().rss / _MEBIBYTE)
        self._lost = "the service ended"
        return 0.0

    async def arrive(self) -> None:
        """Have the bystanders in their call, and everything used once."""
        await self._bystanders.connect(self._served.url)
        await self.watch(asyncio.sleep(1))

    async def watch(self, during: Awaitable[object]) -> Seen:
        """Watch until `during` is over, and until what was asked meanwhile is answered."""
        self._health, self._peak = [], self.memory()
        watching = [
            asyncio.create_task(each)
            for each in (self._bystanders.talk(), self._ask_on(), self._watch_memory())
        ]
        try:
            await during
        finally:
            for task in watching[:2]:
                task.cancel()
        await self._bystanders.settled()
        await asyncio.gather(*self._questions)
        watching[2].cancel()
        lost = self._lost or self._bystanders.lost
        return Seen(self._peak, self._bystanders.late(), sorted(self._health), lost)

    async def _watch_memory(self) -> None:
        while True:
            self._peak = max(self._peak, self.memory())
            await asyncio.sleep(_MEMORY_EVERY_S)

    async def _ask_on(self) -> None:
        """Ask after its health, whatever became of the question before."""
        while True:
            task = asyncio.create_task(self._ask())
            self._questions.add(task)
            task.add_done_callback(self._questions.discard)
            await asyncio.sleep(_EVERY_S)

    async def _ask(self) -> None:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._served.admin_port)
                try:
                    writer.write(_QUESTION)
                    if b" 200 " not in await reader.readline():
                        self._lost = "unhealthy"
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            self._lost = self._lost or f"no word of its health: {error or 'too late'}"
        self._health.append(time.monotonic() - begun)
