"""Long-polling of one connection: the POST that brings packets.

Leaned on, beside what engine.py and frames.py name: `AsyncSocket.schedule_ping`, at a pong.
"""

from typing import TYPE_CHECKING, Any

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope

from service import errors
from service.transport.body import whole_body
from service.transport.frames import acceptable
from service.transport.http.problems import problem
from service.transport.requests import BAD_REQUEST, MALFORMED

if TYPE_CHECKING:
    from service.transport.engine import Engine

_log = structlog.get_logger(__name__)

SEPARATOR = "\x1e"
"""What stands between the packets of a body (Engine.IO v4, "Packet encoding")."""


class Posting:
    """One body at a time, its packets handled in order."""

    __slots__ = ("_engine", "_peer", "_socket", "busy")

    def __init__(self, engine: "Engine", socket: Any) -> None:
        self._engine = engine
        self._socket = socket
        self._peer = engine.peer(socket.sid)
        self.busy = False
        """Whether a body is being read or handled."""

    async def post(self, scope: Scope, receive: Receive, most_bytes: int) -> Response:
        """Handle the packets of a body.

        A second body at a time is refused, and the connection ended; so is a malformed one, once
        what came before the fault is handled.
        """
        if self.busy:
            self._break()
            return BAD_REQUEST.response()
        self.busy = True
        try:
            body = await whole_body(scope, receive, most_bytes)
            good = await self._handle(body.decode().split(SEPARATOR))
        except UnicodeDecodeError:
            good = False
        except errors.InvalidPayload as error:
            self._break()
            return problem(error)
        finally:
            self.busy = False
        if good:
            return text("ok")
        self._break()
        return MALFORMED.response()

    async def _handle(self, packets: list[str]) -> bool:
        """Handle what a body brought, up to what is malformed; whether all was good."""
        for packet in packets:
            if not acceptable(packet):
                return False
            if packet == "3":
                if self._socket.last_ping is not None:  # a pong answers a ping
                    self._socket.schedule_ping()
            elif packet == "1":
                await self._engine.over(self._socket, by_client=True)
            elif not self._peer.wire.cut_off:
                await self._message(packet)
        return self._peer.wire.why != "protocol_error"

    async def _message(self, packet: str) -> None:
        if self._engine.switchboard.relayed(self._peer, packet):
            return
        try:
            if work := self._engine.message(self._socket.sid, self._peer, packet[1:]):
                await work
        except Exception:  # noqa: BLE001 - the boundary: logged, and the next packet is handled
            _log.exception("socket.receive_failed")

    def _break(self) -> None:
        self._peer.wire.cut("protocol_error")


def text(body: str | bytes) -> Response:
    """Packets as a response, or that theirs have been handled."""
    return Response(
        body, headers={"Cache-Control": "no-store"}, media_type="text/plain; charset=UTF-8"
    )
