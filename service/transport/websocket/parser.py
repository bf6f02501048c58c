"""picows takes a WebSocket over: the handshake answered, a parser, and who that calls.

tests/transport/test_contract.py holds what this leans on of picows.
"""

import logging
from typing import Any

from picows import WSAutoPingStrategy, WSListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its stub leaves it out

from service.transport.guard.waiting import BEYOND_A_MESSAGE, Share
from service.transport.websocket.input_limiter import READ_BUFFER, InputLimiter
from service.transport.websocket.lingering import Lingering
from service.transport.websocket.websocket import WebSocket

_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
)
"""What picows is told of a handshake that the application has accepted: it would keep the rest."""
# picows would make a logger for each connection out of a `Logger`; and what clients do wrong is
# no error of the service.
_picows_log = logging.LoggerAdapter(logging.getLogger("picows.parser"))
_picows_log.setLevel(logging.CRITICAL)


class _Listener(WSListener):
    """A place for each method that picows calls."""

    __slots__ = (
        "on_ws_connected", "on_ws_disconnected", "on_ws_frame", "pause_writing", "resume_writing",
    )  # fmt: skip


def take_over(
    transport: Any, key: bytes, most_bytes: int, connections: set[Any], share: Share
) -> WebSocket:
    """Answer a handshake with 101 and let picows have the transport.

    Args:
        transport: an open asyncio transport; what it reads comes over the websocket from now on.
        key: the client's `Sec-WebSocket-Key`.
        most_bytes: what a message may have; a larger one closes with 1009.
        connections: uvicorn's, which the websocket is in while it is open.
        share: what counts of it until the client's token has been found good.
    """
    websocket = WebSocket(transport, most_bytes, connections)
    parser = parser_of(websocket, most_bytes)
    parser.connection_made(Lingering(transport))
    handshake = _HANDSHAKE % key
    parser.get_buffer(len(handshake))[: len(handshake)] = handshake
    parser.buffer_updated(len(handshake))
    share.cut = websocket.crowded
    websocket.limiter = InputLimiter(
        transport, parser, websocket, share, most_bytes + BEYOND_A_MESSAGE
    )
    transport.set_protocol(websocket.limiter)
    return websocket


def parser_of(websocket: WebSocket, most_bytes: int) -> Any:
    """The parser that calls a websocket's own methods: nothing stands between the two.

    It pings nobody, since Engine.IO has heartbeats of its own.
    """
    listener: Any = _Listener()
    listener.on_ws_connected = websocket.opened
    listener.on_ws_frame = websocket.came
    listener.on_ws_disconnected = websocket.closed
    listener.pause_writing = websocket.pause_writing
    listener.resume_writing = websocket.resume_writing
    return WSProtocol(
        None, None, False, lambda _request: listener, _picows_log, True, None,  # noqa: FBT003
        False, 10, 10, WSAutoPingStrategy.PING_WHEN_IDLE, False, most_bytes, None, READ_BUFFER,  # noqa: FBT003
    )  # fmt: skip
