"""What is queued for a client until a transport takes it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from engineio.packet import Packet as EnginePacket


class PacketQueue(asyncio.Queue[Any]):
    """A connection's packets in order, how much they weigh, and who is told of new ones."""

    _queue: deque[Any]
    size = 0
    """Characters that wait."""
    filled: Callable[[], object] | None = None
    """Called when something is put in."""

    def _put(self, item: EnginePacket) -> None:
        self._queue.append(item)
        self.size += len(item.data or "")
        if self.filled is not None:
            self.filled()

    def _get(self) -> EnginePacket:
        item: EnginePacket = self._queue.popleft()
        self.size -= len(item.data or "")
        return item

    def take(self, most: int) -> list[EnginePacket]:
        """Take up to so many packets out."""
        taken: list[EnginePacket] = []
        while len(taken) < most and not self.empty():
            taken.append(self.get_nowait())
        return taken

    def give_back(self, packets: Iterable[EnginePacket]) -> None:
        """Put packets that did not arrive in front of all others."""
        for packet in reversed(list(packets)):
            self._queue.appendleft(packet)
            self.size += len(packet.data or "")
        if self.filled is not None:
            self.filled()
