"""One joined session and the way out to its client."""

from collections.abc import Callable
from typing import Protocol

from service.errors import TokenExpired
from service.ports import Identity
from service.session_ref import SessionRef
from service.wire.packets import ACK, EVENT

MOST_HELD = 1024 * 1024
"""Bytes that are kept for a session until its greeting, before it is closed."""


class Pulse(Protocol):
    """How a client shows that it lives."""

    @property
    def silent_s(self) -> float:
        """Seconds since anything came from it."""

    def probe(self, within_s: float | None, answered: Callable[[], object]) -> None:
        """Ask it to answer, else its connection ends; `answered` is called when it does.

        With None it has as long as for any heartbeat.
        """


class Session:
    """A user's device, joined on this node.

    Everything to the client passes `emit` or `acknowledge`, in order; that is where a later
    protocol numbers events. `write` takes an encoded Socket.IO packet and never waits; `close` ends
    the connection. `address` is where the client is, for what is held against a sender and not a
    user.
    """

    __slots__ = (
        "_held", "_held_bytes", "address", "close", "id", "identity", "measured_until", "pulse",
        "ref", "traceparent", "user", "write",
    )  # fmt: skip

    def __init__(
        self,
        ref: SessionRef,
        identity: Identity,
        write: Callable[[bytes], None],
        close: Callable[[str], None],
        pulse: Pulse,
        *,
        address: str = "",
        traceparent: str | None = None,
    ) -> None:
        self.ref = ref
        self.id = ref.id
        self.user = ref.user
        self.identity = identity
        self.write = write
        self.close = close
        self.pulse = pulse
        self.address = address
        self.traceparent = traceparent
        """What the client said at its connect (W3C Trace Context), to link its calls to."""
        self.measured_until = 0
        """Until when its media reports count no more (epoch ms)."""
        self._held: list[bytes] | None = None
        self._held_bytes = 0

    def check_token(self, now: int) -> None:
        """Raise `TokenExpired` when no new call may start on this identity."""
        if self.identity.good_until <= now:
            raise TokenExpired

    def emit(self, event: str, payload: bytes) -> None:
        """Write one event, its JSON payload ready."""
        packet = EVENT % (event.encode(), payload)
        if self._held is None:
            self.write(packet)
        else:
            self._keep(packet)

    def acknowledge(self, ack: int, payload: bytes) -> None:
        """Write the acknowledgement of an event, its JSON argument ready."""
        packet = ACK % (ack, payload)
        if self._held is None:
            self.write(packet)
        else:
            self._keep(packet)

    def hold(self) -> None:
        """Keep what is emitted until the greeting: the session can be found, but not yet told."""
        self._held = []

    def _keep(self, packet: bytes) -> None:
        if self._held is not None:
            self._held.append(packet)
        self._held_bytes += len(packet)
        if self._held_bytes > MOST_HELD:
            self.close("slow")

    def greet(self, event: str, payload: bytes) -> None:
        """Write the event that tells the client its session; what was kept follows."""
        held, self._held = self._held or [], None
        self.emit(event, payload)
        for packet in held:
            self.write(packet)
