"""A Socket.IO client with what a probe needs: one WebSocket, one session, every wait bounded.

https://socket.io/docs/v4/socket-io-protocol/ (v5) over Engine.IO v4, text frames only.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from service.cli.probe.guests import Guest
from service.cli.probe.target import Target
from service.cli.probe.trouble import Trouble, refused, unreachable

_GOODBYE_S = 1.0
_CONNECTED = "answer to CONNECT"


class Client:
    """One joined device of a user."""

    def __init__(self, side: str, user: str, socket: ClientConnection, patience_s: float) -> None:
        self.user = user
        self._side = side
        self._socket = socket
        self._patience_s = patience_s
        self._numbers = count(1)
        self._came: defaultdict[str, asyncio.Future[Any]] = defaultdict(asyncio.Future)
        self._reading = asyncio.create_task(self._read())

    async def enter(self, token: str) -> None:
        """CONNECT and join; raises `Trouble`."""
        await self._send("40" + json.dumps({"token": token}))
        refusal = await self._wait(_CONNECTED)
        if refusal is not None:
            raise Trouble(f"{self._side} is refused: {_told(refusal)}")
        await self.request("user:join", {"userId": self.user})

    async def request(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Emit an event; what its acknowledgement says. Raises `Trouble` when that is a no."""
        number = next(self._numbers)
        await self._send(f"42{number}{json.dumps([event, payload])}")
        answer: dict[str, Any] = await self._wait(f"answer to {event}", f"#{number}")
        if not answer["ok"]:
            raise Trouble(f"{self._side}'s {event} is refused: {_told(answer['error'])}")
        return answer

    async def first(self, event: str) -> Any:
        """The payload of the first event of this name that ever comes. Raises `Trouble`."""
        return await self._wait(event)

    async def emit(self, event: str, payload: dict[str, Any]) -> None:
        """Emit an event, and never mind."""
        await self._send(f"42{json.dumps([event, payload])}")

    async def leave(self) -> None:
        """Disconnect and close; waits a second for the server to do so, too."""
        await self._send("41")
        await self._socket.close()
        await self._reading

    async def _send(self, frame: str) -> None:
        with suppress(ConnectionClosed):  # whoever waits for the answer hears of it
            await self._socket.send(frame)

    async def _wait(self, what: str, key: str | None = None) -> Any:
        future = self._came[key or what]
        await asyncio.wait(
            {future, self._reading},
            timeout=self._patience_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if future.done():
            return future.result()
        if self._reading.done():
            raise Trouble(f"{self._side} gets no {what}: {self._reading.result()}")
        raise Trouble(f"{self._side} gets no {what} within {self._patience_s:g} s")

    async def _read(self) -> str:
        """Take what comes, until nothing does any more; why."""
        try:
            async for frame in self._socket:
                await self._take(str(frame))
        except (ValueError, LookupError, TypeError):
            return "what comes is not Socket.IO"
        except ConnectionClosed:
            pass
        closed = f"the connection was closed with {self._socket.close_code}"
        return f"{closed} {self._socket.close_reason}".rstrip()

    async def _take(self, frame: str) -> None:
        match frame[:2]:
            case "2":
                await self._send("3")
            case "40":
                self._arrived(_CONNECTED, None)
            case "44":
                self._arrived(_CONNECTED, json.loads(frame[2:]))
            case "42":
                event, *payload = json.loads(frame[2:])
                self._arrived(event, payload[0] if payload else None)
            case "43":
                number, bracket, answer = frame[2:].partition("[")
                self._arrived(f"#{number}", json.loads(bracket + answer)[0])

    def _arrived(self, key: str, what: Any) -> None:
        if not self._came[key].done():
            self._came[key].set_result(what)


def _told(error: dict[str, Any]) -> str:
    """An error's code and sentence; in a CONNECT_ERROR they stand apart."""
    return f"{(error.get('data') or error).get('code')} ({error.get('message')})"


@asynccontextmanager
async def joined(target: Target, side: str, guest: Guest) -> AsyncIterator[Client]:
    """A session of a guest, gone at the end; `side` is what sentences call it.

    Raises:
        Trouble: it cannot connect, or may not join.
    """
    try:
        socket = await connect(
            target.socket_url,
            ssl=target.tls if target.secure else None,
            proxy=None,  # neither has the HTTP client one
            compression=None,
            user_agent_header="ringline-probe",
            open_timeout=target.patience_s,
            close_timeout=_GOODBYE_S,
            ping_interval=None,  # Engine.IO has heartbeats of its own
        )
    except OSError as failure:
        raise Trouble(unreachable(failure)) from None
    except InvalidStatus as refusal:
        answer = refusal.response
        raise Trouble(f"{side} is refused: {refused(answer.status_code, answer.body)}") from None
    except InvalidHandshake:
        raise Trouble("what answers there speaks no WebSocket") from None
    client = Client(side, guest.user, socket, target.patience_s)
    try:
        await client.enter(guest.token)
        yield client
    finally:
        await client.leave()
