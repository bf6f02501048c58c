"""Engine.IO v4 by hand: packets over a WebSocket, by long-polling, or from one to the other.

Each raises `Severed` once its connection is lost or was closed.
"""

import asyncio
import contextlib
import json
from typing import Any, Protocol, Self

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.support.polling import RECORD_SEPARATOR

_MOST_POSTED = 16


class Severed(Exception):
    """There is no connection any more."""


class Transport(Protocol):
    """One Engine.IO connection: packets in, packets out."""

    async def read(self) -> list[str]:
        """Wait for packets."""

    async def write(self, packets: list[str]) -> None:
        """Send packets, in order."""

    async def abort(self) -> None:
        """Be gone without a goodbye."""


class WebSocket:
    """A WebSocket; each packet is a frame."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(cls, port: int, query: str = "") -> Self:
        """Open it; it is the upgrade of a polling connection if the query names one."""
        url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket{query}"
        try:
            socket = await connect(
                url, compression=None, max_size=None, ping_interval=None, open_timeout=None
            )
        except (OSError, EOFError, WebSocketException):
            raise Severed from None
        return cls(socket)

    async def read(self) -> list[str]:
        """Wait for a packet."""
        try:
            return [await self._socket.recv(decode=True)]
        except WebSocketException:
            raise Severed from None

    async def write(self, packets: list[str]) -> None:
        """Send packets."""
        try:
            for packet in packets:
                await self._socket.send(packet)
        except WebSocketException:
            raise Severed from None

    async def abort(self) -> None:
        """Cut the cable."""
        self._socket.transport.abort()
        await self._socket.wait_closed()


class Polling:
    """Long-polling: one GET that waits, one POST at a time."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._early: list[str] = []
        """What came with the answer to the handshake, such as a CLOSE."""
        self.query = ""
        """What names this connection to an upgrade."""

    @classmethod
    async def open(cls, port: int) -> Self:
        """Open it."""
        url = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling"
        http = aiohttp.ClientSession()
        http._retry_connection = False  # a GET that was lost would be sent again unheard
        polling = cls(http, url)
        try:
            opened, *polling._early = await polling.read()
        except BaseException:
            await polling.abort()
            raise
        polling.query = f"&sid={json.loads(opened[1:])['sid']}"
        polling._url += polling.query
        return polling

    async def read(self) -> list[str]:
        """Wait for the packets of one GET."""
        if self._early:
            early, self._early = self._early, []
            return early
        return (await self._body("GET")).split(RECORD_SEPARATOR)

    async def write(self, packets: list[str]) -> None:
        """Send packets, in bodies of a few."""
        for start in range(0, len(packets), _MOST_POSTED):
            some = packets[start : start + _MOST_POSTED]
            await self._body("POST", data=RECORD_SEPARATOR.join(some).encode())

    async def abort(self) -> None:
        """Cut the cable."""
        await self._http.close()

    async def _body(self, method: str, **options: Any) -> str:
        try:
            async with self._http.request(method, self._url, **options) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, ConnectionError, RuntimeError):
            raise Severed from None
        if answer.status != 200:  # the service knows no such connection any more
            raise Severed
        return text


class Upgrading:
    """Long-polling that goes over to a WebSocket while packets come and go."""

    def __init__(self, polling: Polling, port: int) -> None:
        self._now: Polling | WebSocket = polling
        self._polling = polling
        self._reading = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._upgrade = asyncio.create_task(self._try(port))

    @classmethod
    async def open(cls, port: int) -> Self:
        """Open the polling, and try the WebSocket meanwhile."""
        return cls(await Polling.open(port), port)

    async def read(self) -> list[str]:
        """Wait for packets, on whichever it is now."""
        async with self._reading:
            return await self._now.read()

    async def write(self, packets: list[str]) -> None:
        """Send packets, on whichever it is now."""
        async with self._writing:
            await self._now.write(packets)

    async def abort(self) -> None:
        """Cut both cables."""
        self._upgrade.cancel()
        await asyncio.wait([self._upgrade])
        await self._now.abort()
        await self._polling.abort()

    async def _try(self, port: int) -> None:
        with contextlib.suppress(Severed):
            socket = await WebSocket.open(port, self._polling.query)
            try:
                await socket.write(["2probe"])
                if await socket.read() != ["3probe"]:
                    raise Severed
                async with self._reading, self._writing:  # no poll and no body is under way
                    await socket.write(["5"])
                    self._now = socket
            finally:
                if self._now is not socket:
                    await socket.abort()


TRANSPORTS: dict[str, type[WebSocket] | type[Polling] | type[Upgrading]] = {
    "websocket": WebSocket,
    "polling": Polling,
    "upgrade": Upgrading,
}
