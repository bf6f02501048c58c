"""How the libraries come by a request and serve the WebSocket that it becomes.

Leaned on, and held by tests/transport/test_contract.py: what `AsyncServer._async` holds under
"translate_request" and "websocket".
"""

from typing import Any

from engineio.async_drivers import asgi
from starlette.types import Receive, Scope, Send

from service.transport.direct import Direct
from service.transport.frames import Frames
from service.transport.line import EXTENSION

_READ = {
    b"authorization": "HTTP_AUTHORIZATION",
    b"connection": "HTTP_CONNECTION",
    b"upgrade": "HTTP_UPGRADE",
}


async def _request(scope: Scope, receive: Receive, send: Send) -> dict[str, Any]:
    """A request as the libraries know it; of one for a WebSocket only what is read of it."""
    if scope["type"] != "websocket":
        translated: dict[str, Any] = await asgi.translate_request(scope, receive, send)
        return translated
    await receive()
    told: dict[str, str] = {}
    for name, value in scope["headers"]:
        if key := _READ.get(name):
            before = f"{told[key]}," if key in told else ""
            told[key] = before + value.decode("latin-1")
    return {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "asgi.receive": receive,
        "asgi.send": send,
        "asgi.scope": scope,
        **told,
    }


class _Driver:
    """The libraries' way to serve a WebSocket: on a line where there is one, else on ASGI."""

    def __init__(self, handler: Any, server: Any) -> None:
        self._bound = handler
        self._server = server

    async def __call__(self, environ: dict[str, Any]) -> str:
        """Serve it; on a line this returns at once, and the request is over."""
        socket = self._bound.__self__
        handshake = environ["asgi.scope"].get("extensions", {}).get(EXTENSION)
        if handshake is None:
            return await Frames(self._bound, self._server)(environ)
        if socket.frames is not None:
            await environ["asgi.send"]({"type": "websocket.close"})
        elif line := handshake.accept():
            Direct(self._server.ringline, socket, line)
        else:
            await self._server.ringline.over(socket, by_client=False)
        return ""


SERVED = {"translate_request": _request, "websocket": _Driver}
"""What takes the place of the libraries' own."""
