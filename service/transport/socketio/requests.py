"""Engine.IO's requests: what each asks for, and what is wrong with it.

Who is answered what is as the reference server has it (engine.io 6, `verify` in lib/server.ts),
over WebSocket as over long-polling: https://github.com/socketio/engine.io-protocol.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import Response
from starlette.types import Scope

VERSION = "4"
"""The revision of the Engine.IO protocol that is spoken here."""
_HEADERS = {"Cache-Control": "no-store", "Connection": "close"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request is refused: for the log, by the reference server's number, and in words."""

    word: str
    code: int
    message: str

    def response(self) -> Response:
        """The refusal, as clients of the reference server know it; it ends the TCP connection."""
        body = msgspec.json.encode({"code": self.code, "message": self.message})
        return Response(body, 400, _HEADERS, "application/json")


TRANSPORT_UNKNOWN = Fault("transport_unknown", 0, "Transport unknown")
SESSION_UNKNOWN = Fault("session_unknown", 1, "Session ID unknown")
BAD_HANDSHAKE_METHOD = Fault("bad_handshake_method", 2, "Bad handshake method")
BAD_REQUEST = Fault("bad_request", 3, "Bad request")
MALFORMED = Fault("malformed_body", 3, "The body is not an Engine.IO v4 payload.")
JSONP = Fault("jsonp", 3, "JSONP is not served here; Engine.IO v4 has it no more.")
UNSUPPORTED_VERSION = Fault("unsupported_version", 5, "Unsupported protocol version")


class Asked(NamedTuple):
    """What a request says of itself."""

    method: str
    websocket: bool
    transport: str
    version: str
    sid: str | None
    jsonp: bool


def asked_by(scope: Scope) -> Asked:
    """Read a request's query."""
    said = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = dict(reversed(said))  # of what is said twice, the first counts
    return Asked(
        method=scope.get("method", "GET"),
        websocket=scope["type"] == "websocket",
        transport=query.get("transport", ""),
        version=query.get("EIO", ""),
        sid=query.get("sid") or None,
        jsonp="j" in query,
    )


def fault_of(asked: Asked, socket: Any, transports: Collection[str]) -> Fault | None:
    """What is wrong with a request, if anything is.

    Args:
        asked: what it asks for.
        socket: the connection that it names, if there is one.
        transports: which may be used.
    """
    if asked.transport not in transports:
        return TRANSPORT_UNKNOWN
    if asked.jsonp:
        return JSONP
    if asked.sid is None:
        return _of_handshake(asked)
    if socket is None or socket.closing or not socket.connected:
        return SESSION_UNKNOWN
    if asked.version != VERSION or not _fits(asked, socket):
        return BAD_REQUEST
    return None


def _of_handshake(asked: Asked) -> Fault | None:
    if asked.method != "GET":
        return BAD_HANDSHAKE_METHOD
    if asked.websocket is not (asked.transport == "websocket"):
        return BAD_REQUEST
    return None if asked.version == VERSION else UNSUPPORTED_VERSION


def _fits(asked: Asked, socket: Any) -> bool:
    """Whether a connection is on this transport, or may try to go over to it."""
    if socket.upgraded or asked.websocket is not (asked.transport == "websocket"):
        return False
    if asked.websocket:
        return socket.client.websocket is None  # one try at a time
    return asked.method in {"GET", "POST"}
