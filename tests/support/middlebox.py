"""A middlebox that lets an upgrade's 101 pass and swallows the frames behind it."""

import asyncio
import re
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

UP, DOWN = "up", "down"
BOTH = frozenset({UP, DOWN})
_UPGRADE = re.compile(rb"^upgrade: *websocket\r$", re.IGNORECASE | re.MULTILINE)
_POLL = re.compile(rb"^GET \S*[?&]sid=", re.MULTILINE)
_NOOP = re.compile(rb"\r\n\r\n6(?=HTTP/1.1 |$)")
_PIECE = 65_536


@dataclass
class Middlebox:
    """Where it listens, and what has passed."""

    upstream: int
    swallows: AbstractSet[str]
    port: int = 0
    upgrades: int = 0
    polls: int = 0
    """GETs of connections that are open."""
    _answers: list[bytearray] = field(default_factory=list)

    @property
    def noops(self) -> int:
        """Polls that were answered with nothing but a NOOP packet."""
        return sum(len(_NOOP.findall(answer)) for answer in self._answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        upstream, downstream = await asyncio.open_connection("127.0.0.1", self.upstream)
        upgraded = asyncio.Event()
        ways = [self._up(reader, downstream, upgraded), self._down(upstream, writer, upgraded)]
        try:
            await asyncio.gather(*ways)
        except ConnectionError:
            pass
        finally:
            writer.close()
            downstream.close()

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upgraded: asyncio.Event
    ) -> None:
        while data := await reader.read(_PIECE):
            if not upgraded.is_set():
                self.polls += len(_POLL.findall(data))
                if _UPGRADE.search(data):  # a handshake is one small segment
                    self.upgrades += 1
                    upgraded.set()
            elif UP in self.swallows:
                continue
            writer.write(data)
        writer.write_eof()

    async def _down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upgraded: asyncio.Event
    ) -> None:
        answers = bytearray()
        self._answers.append(answers)
        while data := await reader.read(_PIECE):
            if upgraded.is_set() and DOWN in self.swallows:
                data = self._handshake(answers, data)
            else:
                answers += data
            writer.write(data)
        writer.write_eof()

    @staticmethod
    def _handshake(passed: bytearray, data: bytes) -> bytes:
        if b"\r\n\r\n" in passed:
            return b""
        head, end, _ = data.partition(b"\r\n\r\n")
        passed += head + end
        return head + end


@asynccontextmanager
async def middlebox(upstream: int, swallows: AbstractSet[str] = BOTH) -> AsyncIterator[Middlebox]:
    """One that listens on loopback, before the service at `upstream`."""
    box = Middlebox(upstream, swallows)
    server = await asyncio.start_server(box.serve, "127.0.0.1")
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
