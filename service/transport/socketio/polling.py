"""Long-polling of one connection: the GET that waits for packets; posting.py has the other way.

Engine.IO v4, "HTTP long-polling": one at a time. Nothing leaves the queue for a client
that has hung up, so that its next GET has it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from engineio.packet import CLOSE, NOOP
from engineio.packet import Packet as EnginePacket
from starlette.responses import Response
from starlette.types import Receive, Scope

from service.transport.http.arrival import ARRIVAL, Answer, Arrival
from service.transport.http.hang_up import hung_up
from service.transport.socketio.client import Client
from service.transport.socketio.packet_queue import PacketQueue
from service.transport.socketio.packet_receiver import PacketReceiver
from service.transport.socketio.posting import SEPARATOR, Posting, text
from service.transport.socketio.requests import BAD_REQUEST
from service.wire.violations import Rule

MOST_PACKETS = 16
"""Packets of one response: clients on python-engineio refuse more."""
_NUDGE_S = 0.1
"""How long a poll waits while a WebSocket is being tried, so that the client can pause polling."""
_HANG_UP_S = 0.1
"""How long a second poll waits for the first, which the client may have hung up unheard as yet."""
_LAST_WORDS_S = 0.5
"""How long a client has to fetch what was queued for it before it is cut."""
_WAITS = 10
"""In how many waits these two are divided."""


class Polling:
    """The GET that waits, if there is one, and what the last one was answered."""

    __slots__ = (
        "_answered", "_fetched", "_instead", "_probed", "_queue", "_socket", "_turn", "_wake",
        "posting",
    )  # fmt: skip

    def __init__(self, client: Client, receiver: PacketReceiver) -> None:
        self.posting = Posting(client, receiver)
        self._socket = client.socket
        self._queue: PacketQueue = client.socket.queue
        self._turn = asyncio.Lock()
        self._answered: Answer | None = None
        self._wake: asyncio.Event | None = None
        self._instead: int | None = None
        self._fetched: asyncio.Event | None = None
        self._probed = False

    async def get(self, scope: Scope, receive: Receive) -> Response | None:
        """Wait for packets; None when the client has hung up.

        A second poll at a time is refused, and the connection ended.
        """
        if not await _comes(self._turn.acquire, _HANG_UP_S):
            self.posting.fail(Rule.CONCURRENT)
            return BAD_REQUEST.response()
        try:
            if self._socket.closed:  # while this poll waited for its turn
                return BAD_REQUEST.response()
            if self._answered is not None and not self._answered.arrival.unread():
                self.forget()  # the client polls on, and has the last answer
            arrival: Arrival = scope["extensions"][ARRIVAL]
            packets = await self._packets(receive, arrival)
            self.forget()  # of two answers that may be lost, the later one is taken back
            if packets and not self._socket.closed:
                self._answered = arrival.follow(partial(self._lost, packets))
        finally:
            self._turn.release()
        return text(SEPARATOR.join(packet.encode() for packet in packets)) if packets else None

    def probed(self) -> None:
        """A WebSocket is being tried: polls end soon, so that the client can pause polling."""
        self._probed = True
        self._answer(NOOP)

    def settled(self) -> None:
        """The WebSocket has taken over, or has failed."""
        self._probed = False
        if self._socket.upgraded:  # a client upgrades once it has read the answer to its last poll
            self.forget()
        if self._wake is not None:
            self._wake.set()

    async def finish(self) -> None:
        """Have what is queued fetched, and a CLOSE packet behind it; bounded by half a second."""
        self._fetched = asyncio.Event()
        self._queue.put_nowait(EnginePacket(CLOSE))
        await _comes(self._fetched.wait, _LAST_WORDS_S)

    def over(self, *, by_client: bool) -> None:
        """The connection has ended; a poll that waits is answered."""
        self._answer(NOOP if by_client else CLOSE)

    def forget(self) -> None:
        """Follow the last answer no more: it has arrived, or nobody fetches it again."""
        if self._answered is not None:
            self._answered.forget()
            self._answered = None

    def _lost(self, packets: list[EnginePacket]) -> None:
        """Take packets back that have not arrived."""
        self._answered = None
        kept = [packet for packet in packets if packet.packet_type not in {CLOSE, NOOP}]
        if self._socket.upgraded:
            for packet in kept:
                self._socket.queue.put_nowait(packet)
        else:
            self._queue.give_back(kept)

    def _answer(self, kind: int) -> None:
        """Have the poll that waits, if there is one, answered with this when there is nothing."""
        if self._wake is not None:
            self._instead = kind
            self._wake.set()

    async def _packets(self, receive: Receive, arrival: Arrival) -> list[EnginePacket]:
        self._instead = None
        self._wake = wake = asyncio.Event()
        self._queue.filled = wake.set
        hanging_up = asyncio.create_task(hung_up(receive))
        hanging_up.add_done_callback(lambda _: wake.set())
        try:
            while not hanging_up.done():
                if not arrival.over and (packets := self._now()):
                    return packets
                wake.clear()
                async with asyncio.timeout(_NUDGE_S if self._probed else None):
                    await wake.wait()
        except TimeoutError:
            return [EnginePacket(NOOP)]
        finally:
            hanging_up.cancel()
            self._wake = self._queue.filled = None
        return []

    def _now(self) -> list[EnginePacket]:
        """What there is to answer at once."""
        if self._socket.upgraded:
            return [EnginePacket(NOOP)]
        packets = self._queue.take(MOST_PACKETS)
        if self._fetched is not None and self._queue.empty():
            self._fetched.set()
        if not packets and self._instead is not None:
            packets = [EnginePacket(self._instead)]
        return packets


async def _comes(what: Callable[[], Awaitable[object]], within_s: float) -> bool:
    """Wait for what the client does; whether it does it in time.

    While the loop is held up, time passes and nothing is read. That ends one of the short waits,
    and what has come meanwhile is read in those that are left.
    """
    for _ in range(_WAITS):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s / _WAITS):
                await what()
                return True
    return False
