"""A response to a request that may be one for a WebSocket (ASGI's denial response extension)."""

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
