"""A Socket.IO client for a probe: one WebSocket, one session, and every wait has a timeout.

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

from service.cli.probe.failures import StepFailed, refused, unreachable
from service.cli.probe.target import Target
from service.cli.probe.users import User

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
        self._received: defaultdict[str, asyncio.Future[Any]] = defaultdict(asyncio.Future)
        self._reading = asyncio.create_task(self._read())

    async def enter(self, token: str) -> None:
        """CONNECT and join; raises `StepFailed`."""
        await self._send("40" + json.dumps({"token": token}))
        refusal = await self._wait(_CONNECTED)
        if refusal is not None:
            raise StepFailed(f"{self._side} is refused: {_told(refusal)}")
        await self.request("user:join", {"userId": self.user})

    async def request(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Emit an event and give its acknowledgement; raises `StepFailed` when that is an error."""
        number = next(self._numbers)
        await self._send(f"42{number}{json.dumps([event, payload])}")
        answer: dict[str, Any] = await self._wait(f"answer to {event}", f"#{number}")
        if not answer["ok"]:
            raise StepFailed(f"{self._side}'s {event} is refused: {_told(answer['error'])}")
        return answer

    async def first(self, event: str) -> Any:
        """The payload of the first event of this name; raises `StepFailed` when none comes."""
        return await self._wait(event)

    async def emit(self, event: str, payload: dict[str, Any]) -> None:
        """Emit an event and wait for nothing."""
        await self._send(f"42{json.dumps([event, payload])}")

    async def leave(self) -> None:
        """Disconnect and close; waits a second at most for the server to close, too."""
        await self._send("41")
        await self._socket.close()
        await self._reading

    async def _send(self, frame: str) -> None:
        with suppress(ConnectionClosed):  # the wait for the answer fails then
            await self._socket.send(frame)

    async def _wait(self, what: str, key: str | None = None) -> Any:
        future = self._received[key or what]
        await asyncio.wait(
            {future, self._reading}, timeout=self._patience_s, return_when=asyncio.FIRST_COMPLETED
        )
        if future.done():
            return future.result()
        if self._reading.done():
            raise StepFailed(f"{self._side} gets no {what}: {self._reading.result()}")
        raise StepFailed(f"{self._side} gets no {what} within {self._patience_s:g} s")

    async def _read(self) -> str:
        """Take frames until the connection ends; says why it ended."""
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
        if not self._received[key].done():
            self._received[key].set_result(what)


def _told(error: dict[str, Any]) -> str:
    """An error's code and message; a CONNECT_ERROR has the code in `data`."""
    return f"{(error.get('data') or error).get('code')} ({error.get('message')})"


@asynccontextmanager
async def joined(target: Target, side: str, user: User) -> AsyncIterator[Client]:
    """A user's session for the block; `side` names it in messages.

    Raises:
        StepFailed: it cannot connect or join.
    """
    try:
        socket = await connect(
            target.socket_url,
            ssl=target.tls if target.secure else None,
            proxy=None,  # as the HTTP client
            compression=None,
            user_agent_header="ringline-probe",
            open_timeout=target.patience_s,
            close_timeout=_GOODBYE_S,
            ping_interval=None,  # Engine.IO has its own heartbeat
        )
    except OSError as failure:
        raise StepFailed(unreachable(failure)) from None
    except InvalidStatus as refusal:
        answer = refusal.response
        raise StepFailed(f"{side} is refused: {refused(answer.status_code, answer.body)}") from None
    except InvalidHandshake:
        raise StepFailed("what answers there speaks no WebSocket") from None
    client = Client(side, user.id, socket, target.patience_s)
    try:
        await client.enter(user.token)
        yield client
    finally:
        await client.leave()
