"""A WebSocket's handshake: the application decides on it, then picows has the transport.

docs/decisions/0011-frames-without-a-queue.md.

tests/transport/test_contract.py holds what this leans on of uvicorn.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Scope

from service.transport.guard.waiting import SHARE, Share
from service.transport.http.denial import written
from service.transport.websocket.parser import take_over
from service.transport.websocket.websocket import WebSocket

_log = structlog.get_logger(__name__)

HANDSHAKE = "ringline.handshake"
"""Where the ASGI scope's extensions have a WebSocket's `Handshake`."""
_VERSION = b"sec-websocket-version"
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")


@dataclass(eq=False)
class Handshake(asyncio.Protocol):
    """One handshake, and what the application answers to it.

    Args:
        transport: what the request came over.
        state: uvicorn's, which knows the connection and its task.
        most_bytes: what a message may have, once this is accepted.
        share: what counts of it until the client's token has been found good.
    """

    transport: Any
    state: Any
    most_bytes: int
    share: Share

    _key = b""
    _decided = False

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone before the answer."""
        del exc
        self._decided = True
        self.state.connections.discard(self)

    def shutdown(self) -> None:
        """Let nobody in who is not in by now: uvicorn stops."""
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """A client waits for the answer before it sends more (RFC 6455, 4.1), or has none."""
        del data
        self.transport.abort()

    def decide(self, app: ASGIApp, asked: Scope, url: bytes) -> None:
        """Have the application accept or refuse.

        Args:
            app: an ASGI application.
            asked: the request's scope, as far as uvicorn fills it in for one for a WebSocket.
            url: the request's target.
        """
        raw_path, _, query = url.partition(b"?")
        scope: Scope = {
            **asked,
            "type": "websocket",
            "scheme": "wss" if asked["scheme"] == "https" else "ws",
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "headers": [(name, value.strip()) for name, value in asked["headers"]],
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}, HANDSHAKE: self, SHARE: self.share},
        }
        self.state.connections.add(self)
        task = asyncio.get_running_loop().create_task(self._decide(app, scope))
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)

    async def _decide(self, app: ASGIApp, scope: Scope) -> None:
        headers = dict(scope["headers"])
        self._key = headers.get(b"sec-websocket-key", b"")
        by_get = scope["method"] == "GET"
        if not (by_get and _KEY.fullmatch(self._key) and headers.get(_VERSION) == b"13"):
            self._answer(Response("Not a WebSocket handshake (RFC 6455, 4.1).", 400))
            return
        try:
            await app(scope, _receive, self._send)
        except Exception:  # noqa: BLE001 - as uvicorn does it: logged, and a 500
            _log.exception("socket.handshake_failed")
        if not self._decided:
            self._answer(Response("Internal Server Error", 500))

    async def _send(self, message: Message) -> None:
        match message["type"]:
            case "websocket.http.response.start":
                self._refusal = message
            case "websocket.http.response.body":
                answer = Response(message["body"], self._refusal["status"])
                answer.raw_headers = list(self._refusal["headers"])
                self._answer(answer)
            case "websocket.close":
                self._answer(Response(status_code=403))

    def accept(self) -> WebSocket | None:
        """Answer 101 and hand the transport to picows; None when the client is gone."""
        if self._decided:
            return None
        self._decided = True
        connections = self.state.connections
        connections.discard(self)
        return take_over(self.transport, self._key, self.most_bytes, connections, self.share)

    def _answer(self, response: Response) -> None:
        if not self._decided:
            self._decided = True
            self.transport.write(written(response))
            self.transport.close()


async def _receive() -> Message:
    return {"type": "websocket.connect"}
