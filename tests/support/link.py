"""One Socket.IO connection of a client that may come back on another."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from tests.support.transports import TRANSPORTS, Severed, Transport

Answered = Callable[[Any], None]
Hear = Callable[["Link", str | None, Any], None]
"""Is given each event; None where something else came, or the connection is over, with its fault.
"""


class Refused(Exception):
    """The service said no; `error` has its code."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.error = error


class Link:
    """Reads and writes until the connection is lost, and tells what it hears at once.

    `frames` has every packet that came, but heartbeats.
    """

    def __init__(self, transport: Transport, hear: Hear) -> None:
        self.frames: list[str] = []
        self.over = asyncio.Event()
        self.sid = ""
        """The Socket.IO id, once it is connected."""
        self._transport = transport
        self._hear = hear
        self._connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers: list[Answered | None] = []
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        for task in self._tasks:
            task.add_done_callback(self._end)

    @classmethod
    async def open(cls, kind: str, port: int, token: str, hear: Hear) -> Self:
        """Open a transport of this kind, and CONNECT.

        Raises:
            Severed: the connection was lost on the way.
            Refused: by a CONNECT_ERROR.
        """
        link = cls(await TRANSPORTS[kind].open(port), hear)
        link.send("40" + json.dumps({"token": token}))
        try:
            await link._connected
        except BaseException:
            await link.abort()
            raise
        return link

    @property
    def dismissed(self) -> bool:
        """Whether the service sent a DISCONNECT, behind which socket.io-client stays away."""
        return "41" in self.frames

    def send(self, packet: str) -> None:
        """Send one packet, as soon as those before it have gone."""
        self._outgoing.put_nowait(packet)

    def emit(self, event: str, payload: Any, answered: Answered | None = None) -> None:
        """Emit one event; `answered` is given its acknowledgement, should it come."""
        number = ""
        if answered is not None:
            number = str(len(self._answers))
            self._answers.append(answered)
        self.send(f"42{number}" + json.dumps([event, payload]))

    async def abort(self) -> None:
        """Be gone without a goodbye."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._transport.abort()

    def _end(self, ended: asyncio.Task[None]) -> None:
        self.over.set()
        self._hear(self, None, None if ended.cancelled() else ended.exception())
        if not self._connected.done():
            self._connected.set_exception(Severed())
        for task in self._tasks:
            task.cancel()

    async def _read(self) -> None:
        try:
            while True:
                for packet in await self._transport.read():
                    self._take(packet)
        except Severed:
            pass

    async def _write(self) -> None:
        try:
            while True:
                packets = [await self._outgoing.get()]
                while not self._outgoing.empty():
                    packets.append(self._outgoing.get_nowait())
                await self._transport.write(packets)
        except Severed:
            pass

    def _take(self, packet: str) -> None:
        if packet == "2":
            self.send("3")
            return
        if not packet.startswith("0"):
            self.frames.append(packet)
        match packet[:2]:
            case "40":
                self.sid = json.loads(packet[2:])["sid"]
                self._connected.set_result(None)
            case "42":
                self._hear(self, *json.loads(packet[2:]))
            case "43":
                number, _, answer = packet[2:].partition("[")
                answered, self._answers[int(number)] = self._answers[int(number)], None
                assert answered, f"answered twice: {packet}"
                answered(json.loads("[" + answer)[0])
                self._hear(self, None, None)
            case "44":
                self._connected.set_exception(Refused(json.loads(packet[2:])["data"]))
