"""The one answer that an event gets: its acknowledgement, or an `error` event, never both."""

from collections.abc import Callable
from typing import Protocol

from service.errors import RinglineError
from service.ports import Outcome
from service.wire.packets import ACK, EventPacket, failed, ok
from service.wire.server_events import Error, ServerEvent
from service.wire.subject import subject_of


class Recipient(Protocol):
    """Who gets an answer: a session, or a client that has none yet."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """Writes an encoded packet to the connection that there is now."""

    def emit(self, event: str, payload: bytes) -> None:
        """Tell one event, its JSON payload ready."""


class Reply:
    """Answers one event. The first answer counts; there is no second.

    A success is written before the events that it causes. Without an acknowledgement callback
    a success is silent (its events tell it) and a failure is the event `error`, which names the
    call and the request that the payload names. The acknowledgement goes to the connection on which
    the event came.
    """

    __slots__ = ("_ack", "_payload", "_to", "_write", "event", "outcome", "result")

    def __init__(self, to: Recipient, packet: EventPacket) -> None:
        self._to = to
        self._write = to.write
        self._ack = packet.ack
        self._payload = packet.payload
        self.event = packet.event
        self.outcome: Outcome | None = None
        self.result: str | None = None
        """`ok` or the error's code, once there is an answer."""

    def ok(self, event: ServerEvent) -> None:
        """It worked; `event` is the server event whose fields tell the outcome."""
        self._give("ok", Outcome(ok=True, event=event.event, fields=event.encode()))

    def done(self, event: str, fields: bytes = b"{}") -> None:
        """It worked; `fields` is a JSON object."""
        self._give("ok", Outcome(ok=True, event=event, fields=fields))

    def fail(self, error: RinglineError) -> None:
        """It did not work. After an answer this says nothing."""
        subject = subject_of(self._payload)
        told = Error.of(error, self.event, subject.call_id, subject.request_id)
        self._give(error.code, Outcome(ok=False, event=Error.event, fields=told.encode()))

    def repeat(self, outcome: Outcome, *, told: bool) -> None:
        """Give the answer that the same `requestId` got first, with its event if unasked.

        With `told` the client has that event already, or gets it by a replay.
        """
        self._give("repeated", outcome)
        if outcome.ok and self._ack is None and not told:
            self._to.emit(outcome.event, outcome.fields)

    def _give(self, result: str, outcome: Outcome) -> None:
        if self.outcome is not None:
            return
        self.result, self.outcome = result, outcome
        if self._ack is not None:
            told = ok(outcome.fields) if outcome.ok else failed(outcome.fields)
            self._write(ACK % (self._ack, told))
        elif not outcome.ok:
            self._to.emit(outcome.event, outcome.fields)
