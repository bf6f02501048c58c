"""uvicorn's WebSocket seam with picows' parser behind it: frames pass no queue and no task.

`WireSpeed` is what uvicorn is given as its WebSocket protocol. It lets the ASGI application
decide on the handshake, as any other would; once that accepts, picows has the transport, and each
frame is a call of `PicowsLine.on_ws_frame`. docs/decisions/0011-frames-without-a-queue.md.

Leaned on, and held by tests/transport/test_contract.py. uvicorn: a protocol is built with
`config`, `server_state`, `app_state`, then `connection_made`, then `data_received` with the upgrade
request, and it is in `server_state.connections` and its task in `.tasks`. picows: the arguments of
`WSProtocol`, that it takes a transport over by being fed a request, `get_buffer`, `buffer_updated`.
"""

import asyncio
import logging
import re
from asyncio import Task
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import structlog
from picows import WSAutoPingStrategy, WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its stub leaves it out
from websockets.frames import CloseCode

from service.transport.line import EXTENSION, MOST_FRAGMENTS, MOST_UNREAD, Receiver
from service.transport.lingering import Lingering

_log = structlog.get_logger(__name__)

_READ_BUFFER = 2_048
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
)
"""What picows is told of a handshake that the application has accepted: it would keep the rest."""
_TEXT, _CONTINUATION, _PING, _PONG, _CLOSE = (
    WSMsgType.TEXT,
    WSMsgType.CONTINUATION,
    WSMsgType.PING,
    WSMsgType.PONG,
    WSMsgType.CLOSE,
)

# picows would make a logger for each connection out of a `Logger`; and what clients do wrong is
# no error of the service.
_picows_log = logging.LoggerAdapter(logging.getLogger("picows"))
_picows_log.setLevel(logging.CRITICAL)


class PicowsLine(WSListener):
    """An open WebSocket: text messages in and out, within bounds, and its end."""

    __slots__ = ("_connections", "_crowded", "_most", "_pieces", "_receiver", "_size", "_socket")

    def __init__(self, most_bytes: int, connections: set[Any]) -> None:
        self._most = most_bytes
        self._connections = connections
        self._receiver: Receiver | None = None
        self._socket: WSTransport | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._crowded = False

    def serve(self, receiver: Receiver) -> None:
        """Tell `receiver` from now on."""
        self._receiver = receiver

    def send(self, text: bytes) -> bool:
        """Write a message now; False when the client must be cut, for it reads too little."""
        if self._socket is None or self._receiver is None:
            return True
        self._socket.send(_TEXT, text)
        return not self._crowded or self.queued() <= MOST_UNREAD

    def queued(self) -> int:
        """Bytes written that the operating system has not taken."""
        if self._socket is None:
            return 0
        size: int = self._socket.underlying_transport.get_write_buffer_size()
        return size

    def close(self, code: int) -> None:
        """Send a close frame, once, and hear nothing more."""
        socket, self._receiver = self._socket, None
        if socket is not None and not socket.is_close_frame_sent:
            socket.send_close(cast("WSCloseCode", code))
            socket.disconnect()

    def shutdown(self) -> None:
        """End, as uvicorn asks of every connection."""
        receiver = self._receiver
        self.close(CloseCode.GOING_AWAY)
        if receiver is not None:
            receiver.lost()

    def pause_reading(self) -> None:
        """Read no more from the client for now."""
        if self._socket is not None:
            self._socket.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._socket is not None:
            self._socket.underlying_transport.resume_reading()

    # picows calls these.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is answered."""
        self._socket = transport
        self._connections.add(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame, unmasked."""
        receiver = self._receiver
        if receiver is None or transport.is_close_frame_sent:
            return
        try:
            kind = frame.msg_type
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                self._break(receiver, CloseCode.PROTOCOL_ERROR)
            elif kind is _TEXT and frame.fin and not self._pieces:
                self._whole(receiver, frame.get_payload_as_bytes())
            elif kind is _TEXT or kind is _CONTINUATION:
                self._piece(receiver, frame, first=kind is _TEXT)
            else:
                self._control(transport, receiver, frame)
        except Exception:  # noqa: BLE001 - the boundary: picows would end the connection unlogged
            _log.exception("socket.frame_failed")
            self._break(receiver, CloseCode.INTERNAL_ERROR)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The transport is gone, by whomever."""
        del transport
        self._connections.discard(self)
        receiver, self._receiver, self._socket = self._receiver, None, None
        if receiver is not None:
            receiver.lost()

    def pause_writing(self) -> None:
        """More is written than the client reads."""
        self._crowded = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._crowded = False

    def _whole(self, receiver: Receiver, message: bytes) -> None:
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._break(receiver, CloseCode.INVALID_DATA)
        else:
            receiver.received(text)

    def _piece(self, receiver: Receiver, frame: WSFrame, *, first: bool) -> None:
        if first is bool(self._pieces):
            self._break(receiver, CloseCode.PROTOCOL_ERROR)
            return
        self._pieces.append(frame.get_payload_as_bytes())
        self._size += frame.payload_size
        if len(self._pieces) > MOST_FRAGMENTS or self._size > self._most:
            self._break(receiver, CloseCode.MESSAGE_TOO_BIG)
        elif frame.fin:
            message = b"".join(self._pieces)
            self._forget()
            self._whole(receiver, message)

    def _control(self, transport: WSTransport, receiver: Receiver, frame: WSFrame) -> None:
        if frame.msg_type is _CLOSE:
            self.close(CloseCode.NORMAL_CLOSURE)
            receiver.lost()
        elif frame.msg_type is _PING:
            if self.queued() > MOST_UNREAD:
                transport.disconnect(graceful=False)
            else:
                transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type is not _PONG:
            receiver.broken()

    def _break(self, receiver: Receiver, code: int) -> None:
        self._forget()
        self.close(code)
        receiver.lost()

    def _forget(self) -> None:
        self._pieces, self._size = [], 0


class WireSpeed(asyncio.Protocol):
    """One handshake: the request as an ASGI scope, and what the application answers to it."""

    def __init__(
        self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: object = None
    ) -> None:
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
        """The request, whole, since uvicorn has parsed it already; nothing else is read yet."""
        self._request = data
        self._transport.pause_reading()
        task: Task[None] = asyncio.get_running_loop().create_task(self._run())
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _run(self) -> None:
        scope = self._scope()
        headers = dict(scope["headers"])
        self._key = headers.get(b"sec-websocket-key", b"")
        if not _KEY.fullmatch(self._key) or headers.get(b"sec-websocket-version") != b"13":
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
        line = PicowsLine(self._config.ws_max_size, self._state.connections)
        parser = _parser(line, self._config.ws_max_size)
        parser.connection_made(Lingering(self._transport, parser))
        handshake = _HANDSHAKE % self._key
        parser.get_buffer(len(handshake))[: len(handshake)] = handshake
        parser.buffer_updated(len(handshake))
        self._transport.set_protocol(parser)
        self._transport.resume_reading()
        return line

    def _answer(self, status: HTTPStatus, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        if self._decided:
            return
        self._decided = True
        own = [*headers, (b"connection", b"close")]
        if not any(name == b"content-length" for name, _ in headers):
            own.append((b"content-length", b"%d" % len(body)))
        lines = b"".join(b"%b: %b\r\n" % header for header in own)
        first = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
        self._transport.write(first + lines + b"\r\n" + body)
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
            "extensions": {"websocket.http.response": {}, EXTENSION: self},
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


def _parser(line: PicowsLine, most_bytes: int) -> Any:
    return WSProtocol(
        None, None, False, lambda _request: line, _picows_log, True, None,  # noqa: FBT003
        False, 10, 10, WSAutoPingStrategy.PING_WHEN_IDLE, False, most_bytes, None, _READ_BUFFER,  # noqa: FBT003
    )  # fmt: skip
