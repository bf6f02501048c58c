"""A Socket.IO client that sees everything: each packet, in order, nothing smoothed over."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.waiting import PATIENCE_S


class Gone(Exception):
    """The connection closed while something was awaited."""


class Client:
    """One WebSocket connection.

    `log` holds every event received, in order, for ever; `frames` every frame but heartbeats.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.log: list[tuple[str, Any]] = []
        self.frames: list[str] = []
        self.acks: dict[int, Any] = {}
        self.connected: Any = None
        self.refused: Any = None
        self.user = ""
        self.session = ""
        self.answers_pings = True
        self.pings = 0
        """How often the server has pinged."""
        self._taken: list[bool] = []
        self._ids = itertools.count(1)
        self._changed = asyncio.Condition()
        self.closed = False
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, port: int, **options: Any) -> "Client":
        """Open the transport, without CONNECT."""
        url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        return cls(await connect(url, compression=None, max_size=None, **options))

    @classmethod
    async def connect(cls, port: int, token: str | None, **options: Any) -> "Client":
        """Open the transport and CONNECT; look at `connected` or `refused`."""
        client = await cls.open(port, **options)
        await client.send("40" + json.dumps({"token": token}) if token is not None else "40")
        await client.until(lambda: client.connected or client.refused or client.closed)
        return client

    @classmethod
    async def join(cls, port: int, token: str, user: str, **fields: Any) -> "Client":
        """A joined session of `user`; its `user:joined` is consumed."""
        client = await cls.connect(port, token)
        assert client.connected, client.refused
        await client.emit("user:join", {"userId": user, **fields})
        joined = await client.next("user:joined")
        client.user, client.session = user, joined["sessionId"]
        return client

    async def send(self, frame: str | bytes) -> None:
        """Send one raw frame."""
        await self.socket.send(frame)

    async def emit(self, event: str, payload: Any = None) -> None:
        """Emit without asking for an acknowledgement."""
        await self.send("42" + json.dumps([event] if payload is None else [event, payload]))

    async def ask(self, event: str, payload: Any = None) -> int:
        """Emit with an acknowledgement asked for; the number that `answer` wants."""
        number = next(self._ids)
        await self.send(
            f"42{number}" + json.dumps([event] if payload is None else [event, payload])
        )
        return number

    async def answer(self, number: int) -> Any:
        """Wait for an acknowledgement."""
        await self.until(lambda: number in self.acks, what=f"acknowledgement {number}")
        return self.acks.pop(number)

    async def request(self, event: str, payload: Any = None) -> Any:
        """Emit and wait for the acknowledgement."""
        return await self.answer(await self.ask(event, payload))

    async def done(self, event: str, payload: Any = None) -> Any:
        """Emit and wait for the acknowledgement, which must be a success."""
        answer = await self.request(event, payload)
        assert answer["ok"], answer
        return answer

    async def refusal(self, event: str, payload: Any = None) -> Any:
        """Emit and wait for the acknowledgement, which must be a failure; its error."""
        answer = await self.request(event, payload)
        assert not answer["ok"], answer
        return answer["error"]

    def payloads(self, event: str) -> list[Any]:
        """The payload of every event of this name received, in order."""
        return [payload for name, payload in self.log if name == event]

    async def next(self, event: str, timeout: float = PATIENCE_S) -> Any:
        """The first event of this name not yet taken, whatever came between."""

        def find() -> int | None:
            for i, (name, _) in enumerate(self.log):
                if name == event and not self._taken[i]:
                    return i
            return None

        await self.until(lambda: find() is not None, timeout, f"{event} in {self.log}")
        index = find()
        assert index is not None
        self._taken[index] = True
        return self.log[index][1]

    async def settle(self) -> None:
        """Wait until everything sent so far has been handled (a round trip through the queue)."""
        await self.request("user:status", {"userId": "nobody-in-particular"})

    def events(self, *names: str) -> list[str]:
        """The names of the events received, in order; only of those given, if any are."""
        return [name for name, _ in self.log if not names or name in names]

    async def until(
        self, true: Callable[[], Any], timeout: float = PATIENCE_S, what: str = "it"
    ) -> None:
        """Wait until a condition holds that something received can make true."""
        try:
            async with asyncio.timeout(timeout), self._changed:
                while not true():
                    if self.closed:
                        raise Gone(f"closed while waiting for {what}")
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {timeout} s for {what}") from None

    async def until_closed(self, timeout: float = PATIENCE_S) -> int | None:
        """Wait for the server to close; the close code."""
        async with asyncio.timeout(timeout):
            await self._reader
        return self.socket.close_code

    async def close(self) -> None:
        """Close the transport, as a page that goes away does."""
        if not self.closed:
            await self.socket.close()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                await self._take(frame)
        except ConnectionClosed:
            pass
        async with self._changed:
            self.closed = True
            self._changed.notify_all()

    async def _take(self, frame: str | bytes) -> None:
        assert isinstance(frame, str), "the server sends no binary"
        if frame == "2":
            async with self._changed:
                self.pings += 1
                self._changed.notify_all()
            if self.answers_pings:
                await self.socket.send("3")
            return
        self.frames.append(frame)
        async with self._changed:
            if frame.startswith("42"):
                event, *payload = json.loads(frame[2:])
                self.log.append((event, payload[0] if payload else None))
                self._taken.append(False)
            elif frame.startswith("43"):
                number, _, answer = frame[2:].partition("[")
                (self.acks[int(number)],) = json.loads("[" + answer)
                self.log.append(("ack", self.acks[int(number)]))
                self._taken.append(False)
            elif frame.startswith("40"):
                self.connected = json.loads(frame[2:])
            elif frame.startswith("44"):
                self.refused = json.loads(frame[frame.index("{") :])
            self._changed.notify_all()
