"""Refusals: of what may be a WebSocket (ASGI's denial response extension), and below ASGI."""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send


async def respond(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request over HTTP; one for a WebSocket is refused with this status and body."""
    if scope["type"] != "websocket":
        await response(scope, receive, send)
        return

    async def deny(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await response({**scope, "type": "http"}, receive, deny)


def written(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """A response as it is sent, the last one of its connection."""
    told = HTTPStatus(status)
    lines = b"".join(b"%b: %b\r\n" % header for header in (*headers, (b"connection", b"close")))
    return f"HTTP/1.1 {told.value} {told.phrase}\r\n".encode() + lines + b"\r\n" + body
