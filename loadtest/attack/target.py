"""What an attack is aimed at, and what it has come to so far."""

import asyncio
import contextlib
import json
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from loadtest.attack.line import Line
from loadtest.tokens import token

_AT_ONCE = 100
"""Connections that are opened at a time, so that the listener's backlog holds them."""
NARROW = 4_096
"""Bytes that the kernel is asked to take for who does not read."""


@dataclass
class Target:
    """A service on loopback, and what was sent to it and heard from it."""

    port: int
    admin_port: int
    pid: int
    key: str
    opened: int = 0
    sent: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    """HTTP responses by status."""
    wrong: set[str] = field(default_factory=set)
    """What the service did that it must not."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def line(
        self, *, port: int = 0, source: str = "", reads: bool = True, narrow: bool = False
    ) -> AsyncIterator[Line]:
        """A TCP connection for the block.

        Args:
            port: another one than where clients connect.
            source: an address of loopback that it comes from.
            reads: whether what comes is read and dropped, unless something asks for it.
            narrow: whether the kernel is to take little of what comes.
        """
        client = socket.socket()
        client.setblocking(False)  # noqa: FBT003 - the standard library has no name for it
        if narrow:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        if source:
            client.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port or self.port))
        reader, writer = await asyncio.open_connection(sock=client)
        self.opened += 1
        line = Line(reader, writer, self.count, reads=reads)
        try:
            yield line
        finally:
            line.close()

    def count(self, sent: int) -> None:
        """So many bytes more were sent."""
        self.sent += sent

    def token(self, user: str) -> str:
        """A token that the service takes."""
        return token(user, self.key, None, None)

    def forged(self, user: str) -> str:
        """A token that it does not."""
        return token(user, "another key", None, None)

    async def answer(self, line: Line) -> tuple[int, bytes]:
        """The next response on the line, counted: status and body."""
        status, body = await line.answer()
        self.answers[status] += 1
        if status == 500:  # noqa: PLR2004 - as RFC 9110 has it
            self.wrong.add("answered 500")
        return status, body

    async def websocket(self, line: Line) -> bool:
        """Open a WebSocket on the line; whether the service let it."""
        await line.send(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        status, _ = await self.answer(line)
        return status == 101  # noqa: PLR2004 - as RFC 6455 has it

    async def polling(self, line: Line) -> str:
        """Begin long-polling on the line; the `sid`, or nothing when it was refused."""
        await line.send(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
        status, body = await self.answer(line)
        return str(json.loads(body[1:])["sid"]) if status == 200 else ""  # noqa: PLR2004

    async def post(self, line: Line, sid: str, *packets: str) -> None:
        """Post packets to a connection by long-polling, and wait until they are handled."""
        body = "\x1e".join(packets).encode()
        start = f"POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
        await line.send(f"{start}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await self.answer(line)

    @asynccontextmanager
    async def session(
        self, user: str, *, reads: bool = True, narrow: bool = False
    ) -> AsyncIterator[Line]:
        """A joined session on a WebSocket, for the block."""
        async with self.line(reads=reads, narrow=narrow) as line:
            if not await self.websocket(line):
                raise ConnectionRefusedError
            await line.frame(f'40{{"token":"{self.token(user)}"}}')
            await line.event("user:join", userId=user)
            await line.take(b"user:joined")
            yield line

    @asynccontextmanager
    async def call(self, caller: str, callee: str) -> AsyncIterator[tuple[Line, Line, str]]:
        """A call that rings: the caller's line, the callee's, and its id."""
        async with self.session(caller) as calling, self.session(callee) as called:
            await calling.event("call:initiate", to=callee, callType="video")
            told = await calling.take(b"call:ringing")
            found = re.search(rb'"callId":"([^"]+)"', told)
            yield calling, called, found[1].decode() if found else ""

    async def crowd(self, many: int, one: Callable[[int], Awaitable[None]]) -> None:
        """Do `one` so many times at once, a hundred more whenever a hundred have begun.

        Who is turned away or cut off is not a failure: that is what a bound looks like.
        """
        async with asyncio.TaskGroup() as group:
            for number in range(many):
                group.create_task(self._tolerant(one, number))
                if number % _AT_ONCE == _AT_ONCE - 1:
                    await asyncio.sleep(0.02)

    async def again(self, one: Callable[[int], Awaitable[None]], number: int) -> None:
        """Do `one` again and again."""
        while True:
            await self._tolerant(one, number)
            await asyncio.sleep(0.01)

    async def _tolerant(self, one: Callable[[int], Awaitable[None]], number: int) -> None:
        with contextlib.suppress(OSError, EOFError):
            await one(number)
