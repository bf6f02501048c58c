"""What a connection brings to the session that it becomes, or takes up again."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from service.ports import Identity


class Pulse(Protocol):
    """How a client shows that it lives."""

    @property
    def silent_s(self) -> float:
        """Seconds since anything came from it."""

    def probe(self, within_s: float | None, answered: Callable[[], object]) -> None:
        """Ask it to answer, else its connection ends; `answered` is called when it does.

        With None it has as long as for any heartbeat.
        """


class Attachment(NamedTuple):
    """One connection, as its session knows it.

    `write` takes an encoded Socket.IO packet and never waits; `close` ends the connection, and
    says why; `queued` is how many bytes wait for the client. `fence` keeps the connection from its
    session: the event in hand is finished, and what came behind it is dropped without an answer.
    `address` is where the client is, for what is held against a sender and not a user.
    """

    socket_id: str
    identity: Identity
    address: str
    write: Callable[[bytes], None]
    close: Callable[[str], None]
    queued: Callable[[], int]
    fence: Callable[[], Awaitable[None]]
    pulse: Pulse
    traceparent: str | None = None
    """What the client said at its connect (W3C Trace Context), to link its calls to."""
