"""One joined session and the way out to its client."""

from service.errors import TokenExpired
from service.session_ref import SessionRef
from service.sessions.attachment import Attachment
from service.wire.packets import EVENT

MOST_HELD = 1024 * 1024
"""Bytes that are kept for a session until its greeting, before it is closed."""


class Session:
    """A user's device, joined on this node.

    Every event to the client passes `emit`, in order. An acknowledgement goes to the connection
    that asked for it, by that connection's `write`.
    """

    __slots__ = (
        "_held", "_held_bytes", "address", "attachment", "close", "id", "identity",
        "measured_until", "over", "pulse", "ref", "resumable", "traceparent", "user", "write",
    )  # fmt: skip

    def __init__(self, ref: SessionRef, attachment: Attachment) -> None:
        self.ref = ref
        self.id = ref.id
        self.user = ref.user
        self.resumable = ref.resumable
        """Whether it outlives its connection: it is a `ResumableSession` then."""
        self.over = False
        """Whether it ends with its connection, although it is resumable."""
        self.measured_until = 0
        """Until when its media reports count no more (epoch ms)."""
        self._held: list[bytes] | None = None
        self._held_bytes = 0
        self._take(attachment)

    def _take(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self.identity = attachment.identity
        self.address = attachment.address
        self.write = attachment.write
        self.close = attachment.close
        self.pulse = attachment.pulse
        self.traceparent = attachment.traceparent

    @property
    def detached(self) -> bool:
        """Whether it has no connection now."""
        return False

    @property
    def silent_s(self) -> float:
        """Seconds since anything came from the client."""
        return self.pulse.silent_s

    def check_token(self, now: int) -> None:
        """Raise `TokenExpired` when no new call may start on this identity."""
        if self.identity.good_until <= now:
            raise TokenExpired

    def emit(self, event: str, payload: bytes) -> None:
        """Tell the client an event, its JSON payload ready."""
        packet = EVENT % (event.encode(), payload)
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
        self.write(EVENT % (event.encode(), payload))
        for packet in held:
            self.write(packet)
