"""uvicorn's WebSocket seam with picows' parser behind it: frames pass no queue and no task.

`WireSpeed` is what uvicorn is given as its WebSocket protocol. It lets the ASGI application
decide on the handshake, as any other would; once that accepts, picows has the transport
(picows_handshake.py). docs/decisions/0011-frames-without-a-queue.md.

Leaned on, and held by tests/transport/test_contract.py: uvicorn builds a protocol with `config`,
`server_state`, `app_state`, then calls `connection_made`, then `data_received` with the upgrade
request, and knows it by `server_state.connections` and its task by `.tasks`.
"""

import asyncio
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import structlog

from service.transport.denial import written
from service.transport.line import EXTENSION
from service.transport.picows_handshake import take_over
from service.transport.picows_line import PicowsLine
from service.transport.waiting import SHARE, Share, Waiting

_log = structlog.get_logger(__name__)

_VERSION = b"sec-websocket-version"
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")


class WireSpeed(asyncio.Protocol):
    """One handshake: the request as an ASGI scope, and what the application answers to it."""

    def __init__(
        self,
        waiting: Waiting,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: object = None,
    ) -> None:
        self._waiting = waiting
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._transport: Any = None
        self._request = b""
        self._key = b""
        self._refusal: Any = None
        self._decided = False

    def connection_made(self, transport: Any) -> None:
        """Take the transport over from uvicorn."""
        self._transport = transport
        address = _address(transport, "peername") or ("", 0)
        self._share = Share(self._waiting, address[0], transport.abort)
        self._state.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone before the answer."""
        del exc
        self._decided = True
        self._state.connections.discard(self)

    def shutdown(self) -> None:
        """Let nobody in who is not in by now: uvicorn stops."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """The request, whole, since uvicorn has parsed it already.

        A client waits for the answer before it sends more (RFC 6455, 4.1), or has none.
        """
        if self._request:
            self._transport.abort()
            return
        self._request = data
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(self._run())
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _run(self) -> None:
        scope = self._scope()
        headers = dict(scope["headers"])
        self._key = headers.get(b"sec-websocket-key", b"")
        by_get = self._request.startswith(b"GET ")
        if not (by_get and _KEY.fullmatch(self._key) and headers.get(_VERSION) == b"13"):
            self._answer(HTTPStatus.BAD_REQUEST, [], b"Not a WebSocket handshake (RFC 6455, 4.1).")
            return
        try:
            await self._config.loaded_app(scope, _receive, self._send)
        except Exception:  # noqa: BLE001 - as uvicorn does it: logged, and a 500
            _log.exception("socket.handshake_failed")
        if not self._decided:
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, [], b"Internal Server Error")

    async def _send(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "websocket.http.response.start":
                self._refusal = message
            case "websocket.http.response.body":
                start = self._refusal
                self._answer(HTTPStatus(start["status"]), start["headers"], message["body"])
            case "websocket.close":
                self._answer(HTTPStatus.FORBIDDEN, [], b"")

    def accept(self) -> PicowsLine | None:
        """Answer 101 and hand the transport to picows; None when the client is gone."""
        if self._decided:
            return None
        self._decided = True
        self._state.connections.discard(self)
        connections, most_bytes = self._state.connections, self._config.ws_max_size
        return take_over(self._transport, self._key, most_bytes, connections, self._share)

    def _answer(self, status: HTTPStatus, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        if self._decided:
            return
        self._decided = True
        if not any(name == b"content-length" for name, _ in headers):
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        self._transport.write(written(status, headers, body))
        self._transport.close()

    def _scope(self) -> dict[str, Any]:
        first, *lines = self._request.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
        raw_path, _, query = first.split(b" ")[1].partition(b"?")
        root = self._config.root_path
        secure = self._transport.get_extra_info("sslcontext") is not None
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if secure else "ws",
            "server": _address(self._transport, "sockname"),
            "client": _address(self._transport, "peername"),
            "root_path": root,
            "path": root + unquote(raw_path.decode("ascii")),
            "raw_path": root.encode("ascii") + raw_path,
            "query_string": query,
            "headers": list(_headers(lines)),
            "subprotocols": [],
            "state": self._app_state.copy(),
            "extensions": {"websocket.http.response": {}, EXTENSION: self, SHARE: self._share},
        }


async def _receive() -> dict[str, Any]:
    return {"type": "websocket.connect"}


def _headers(lines: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for line in lines:
        name, _, value = line.partition(b":")
        yield name.lower(), value.strip()


def _address(transport: Any, kind: str) -> tuple[str, int] | None:
    found = transport.get_extra_info(kind)
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None
