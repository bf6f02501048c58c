"""Refusals: of what may be a WebSocket (ASGI's denial response extension), and below ASGI."""

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


def written(response: Response) -> bytes:
    """A response as it is sent, the last one of its connection."""
    status = HTTPStatus(response.status_code)
    headers = (*response.raw_headers, (b"connection", b"close"))
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() + lines + b"\r\n" + response.body
