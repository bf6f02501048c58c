"""What is decided before a request gets anywhere: its size, its origin, whether there is room.

A pure ASGI middleware around everything that clients reach.
"""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import errors
from service.telemetry.metrics import Metrics
from service.transport.engine import Engine
from service.transport.frames import acceptable
from service.transport.http.problems import problem
from service.transport.origins import Origins

_log = structlog.get_logger(__name__)

SOCKET_PATH = "/socket.io/"
_RETRY_MS = 5_000
_BODY_WITHIN_S = 10


class Gate:
    """Lets through what may pass.

    Args:
        app: what stands behind.
        engine: whose connections are counted, and cut when a polled body breaks the protocol.
        origins: which pages may connect.
        max_body: bytes a request body may have.
        max_connections: transports that may be open; 0 is no limit.
        draining: whether new connections are turned away.
        metrics: told who was turned away.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        engine: Engine,
        origins: Origins,
        max_body: int,
        max_connections: int,
        draining: Callable[[], bool],
        metrics: Metrics,
    ) -> None:
        self._app = app
        self._engine = engine
        self._origins = origins
        self._max_body = max_body
        self._max_connections = max_connections
        self._draining = draining
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        try:
            if _for_sockets(scope):
                self._admit_socket(scope)
            if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
                body = await self._whole_body(scope, receive)
                scope, receive = _with_body(scope, body), _replay(body, receive)
        except errors.RinglineError as error:
            await problem(error)(_as_http(scope), receive, _denial(scope, send))
            return
        await self._app(scope, receive, send)

    def _admit_socket(self, scope: Scope) -> None:
        try:
            self._check_socket(scope)
        except errors.RinglineError as error:
            reason = "overloaded" if isinstance(error, Full) else error.code
            self._metrics.connections.refused(reason)
            _log.info("socket.rejected", code=reason)
            raise

    def _check_socket(self, scope: Scope) -> None:
        """May this Engine.IO request pass?"""
        if not self._origins.admit(scope):
            raise errors.Forbidden("The origin is not one of RINGLINE_CORS_ORIGINS.")
        if _engine_sid(scope) is not None:
            return
        if self._draining():
            raise errors.ServerDraining(retry_after_ms=_RETRY_MS)
        if self._max_connections and len(self._engine) >= self._max_connections:
            raise Full(retry_after_ms=_RETRY_MS)

    async def _whole_body(self, scope: Scope, receive: Receive) -> bytes:
        """A body that is small enough, came in time, and is fit for where it goes."""
        try:
            async with asyncio.timeout(_BODY_WITHIN_S):
                body = await self._small_body(scope, receive)
            if _for_sockets(scope):
                _check_polled(body)
        except TimeoutError:
            raise TooSlow from None
        except errors.InvalidPayload:
            if _for_sockets(scope):
                self._engine.cut_polling(_engine_sid(scope) or "")
            raise
        return body

    async def _small_body(self, scope: Scope, receive: Receive) -> bytes:
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self._max_body:
            raise TooLarge
        body = bytearray()
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max_body:
                raise TooLarge
        return bytes(body)


class Full(errors.ServerDraining):
    """The node has as many connections as it may have."""

    default = "The server has all the connections it may have; try again."


class TooLarge(errors.InvalidPayload):
    """The body is larger than any message may be."""

    status = 413
    default = "The body is larger than RINGLINE_MAX_MESSAGE_BYTES."


class TooSlow(errors.InvalidPayload):
    """The body did not come."""

    status = 408
    default = "The body took too long."


def _check_polled(body: bytes) -> None:
    """A polled body is Engine.IO packets between record separators, each a good one."""
    try:
        good = all(acceptable(packet) for packet in body.decode().split("\x1e"))
    except UnicodeDecodeError:
        good = False
    if not good:
        raise errors.InvalidPayload("The body is not an Engine.IO v4 payload.")


def _for_sockets(scope: Scope) -> bool:
    """Whether the libraries' router will take it: a missing last slash is all the same to it."""
    return f"{scope['path']}/".startswith(SOCKET_PATH)


def _with_body(scope: Scope, body: bytes) -> Scope:
    """The request with its length declared, which a chunked one has not: engineio believes it."""
    headers = [header for header in scope["headers"] if header[0] != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", b"%d" % len(body))]}


def _engine_sid(scope: Scope) -> str | None:
    sids = parse_qs(scope["query_string"].decode("latin-1")).get("sid")
    return sids[0] if sids else None


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _as_http(scope: Scope) -> Scope:
    return {**scope, "type": "http"}


def _denial(scope: Scope, send: Send) -> Send:
    """Answer a WebSocket handshake with a plain response (ASGI's denial response extension)."""
    if scope["type"] != "websocket":
        return send

    async def deny(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return deny
