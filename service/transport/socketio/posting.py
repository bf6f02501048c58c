"""Long-polling of one connection: the POST that brings packets."""

from collections.abc import Iterator

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope

from service import errors
from service.pace import paced
from service.transport.http.body import HungUp, TooLarge, whole_body
from service.transport.http.problems import problem
from service.transport.socketio.client import Client
from service.transport.socketio.packet_receiver import PacketReceiver, acceptable, rule_against
from service.transport.socketio.requests import BAD_REQUEST, MALFORMED, SESSION_UNKNOWN
from service.wire.violations import Rule

_log = structlog.get_logger(__name__)

SEPARATOR = "\x1e"
"""What stands between the packets of a body (Engine.IO v4, "Packet encoding")."""


class Posting:
    """One body at a time, its packets handled in order."""

    __slots__ = ("_client", "_connection", "_receiver", "_socket", "busy")

    def __init__(self, client: Client, receiver: PacketReceiver) -> None:
        self._client = client
        self._connection = client.connection
        self._receiver = receiver
        self._socket = client.socket
        self.busy = False
        """Whether a body is being read or handled."""

    async def post(self, scope: Scope, receive: Receive, most_bytes: int) -> Response:
        """Handle the packets of a body.

        A second body at a time is refused, and the connection ended; so is a malformed one, once
        what came before the fault is handled. When something was, the answer is `ok`: a client that
        is refused would not fetch what that brought.
        """
        if self.busy:
            self.fail(Rule.CONCURRENT)
            return BAD_REQUEST.response()
        if self._client.deaf:  # it would be acknowledged and lost
            return SESSION_UNKNOWN.response()
        self.busy = True
        try:
            body = await whole_body(scope, receive, most_bytes)
            handled = await self._handle(body)
        except HungUp as error:  # a network that went away is no fault; nothing of it is handled
            return problem(error)
        except errors.InvalidPayload as error:
            self.fail(Rule.TOO_LARGE if isinstance(error, TooLarge) else Rule.TOO_SLOW)
            return problem(error)
        finally:
            self.busy = False
        return text("ok") if handled else MALFORMED.response()

    def fail(self, rule: Rule) -> None:
        """End the connection, whose client broke a rule."""
        self._receiver.broken(self._client, rule)

    async def _handle(self, body: bytes) -> bool:
        """Handle what a body brought, up to what breaks a rule; whether there was anything."""
        async for number, packet in paced(enumerate(_packets(body))):
            if not await self._take(packet):
                return number > 0
        return True

    async def _take(self, packet: bytes) -> bool:
        """Handle one packet; whether it kept to the rules."""
        try:
            frame = packet.decode()
        except UnicodeDecodeError:
            self.fail(Rule.UTF8)
            return False
        if not acceptable(frame):
            self.fail(rule_against(frame))
        elif frame == "3":
            if self._socket.last_ping is not None:  # a pong answers a ping
                self._socket.schedule_ping()
        elif frame == "1":
            await self._client.over(by_client=True)
        elif not self._client.deaf:
            await self._message(frame)
        return self._client.why != "protocol_error"

    async def _message(self, packet: str) -> None:
        if self._receiver.relayed(self._connection, packet):
            return
        try:
            if work := self._receiver.receive(self._client, packet[1:]):
                await work
        except Exception:  # noqa: BLE001 - the boundary: logged, and the next packet is handled
            _log.exception("socket.receive_failed")


def _packets(body: bytes) -> Iterator[bytes]:
    """The packets of a body, one at a time: 64 KiB of the shortest would be a megabyte at once."""
    start = 0
    while (end := body.find(SEPARATOR.encode(), start)) >= 0:
        yield body[start:end]
        start = end + 1
    yield body[start:]


def text(body: str | bytes) -> Response:
    """Packets as a response, or that theirs have been handled."""
    return Response(
        body, headers={"Cache-Control": "no-store"}, media_type="text/plain; charset=UTF-8"
    )
