"""The one answer that an event gets: its acknowledgement, or an `error` event, never both."""

from collections.abc import Callable

from msgspec import Raw

from service.errors import RinglineError
from service.ports import Answer
from service.wire import packets
from service.wire.server_events import Error, ServerEvent
from service.wire.subject import subject_of


class Reply:
    """Answers one event. The first answer counts; there is no second.

    A success is written before the events that it causes. Without an acknowledgement callback
    a success is silent (its events tell it) and a failure is the event `error`, which names the
    call and the request that `payload` names.
    """

    __slots__ = ("_ack", "_event", "_payload", "_write", "answer", "result")

    def __init__(
        self,
        write: Callable[[bytes], None],
        event: str,
        ack: int | None,
        payload: Raw | None = None,
    ) -> None:
        self._write = write
        self._event = event
        self._ack = ack
        self._payload = payload
        self.answer: Answer | None = None
        self.result: str | None = None
        """`ok` or the error's code, once there is an answer."""

    def ok(self, event: ServerEvent) -> None:
        """It worked; `event` is the server event whose fields tell the outcome."""
        self.done(event.event, event.encode())

    def done(self, event: str, fields: bytes = b"{}") -> None:
        """It worked; `fields` is a JSON object."""
        self.result = self.result or "ok"
        self._give(Answer(ok=True, event=event, fields=fields))

    def fail(self, error: RinglineError) -> None:
        """It did not work. After an answer this says nothing."""
        self.result = self.result or error.code
        subject = subject_of(self._payload)
        told = Error.of(error, self._event, subject.call_id, subject.request_id)
        self._give(Answer(ok=False, event=Error.event, fields=told.encode()))

    def repeat(self, answer: Answer) -> None:
        """Give the answer that the same `requestId` got first, with its event if unasked."""
        self.result = self.result or "repeated"
        self._give(answer)
        if answer.ok and self._ack is None:
            self._write(packets.encode_event(answer.event, answer.fields))

    def _give(self, answer: Answer) -> None:
        if self.answer is not None:
            return
        self.answer = answer
        if self._ack is not None:
            told = packets.ok(answer.fields) if answer.ok else packets.failed(answer.fields)
            self._write(packets.encode_ack(self._ack, told))
        elif not answer.ok:
            self._write(packets.encode_event(answer.event, answer.fields))
