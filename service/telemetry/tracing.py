"""What the use cases tell a tracer; `call_spans` makes traces of it.

The standard `OTEL_*` variables configure traces. Without them nothing of the SDK is loaded.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from service.calls.call import Call


class Setup:
    """An initiate being handled; this one has no trace."""

    trace_id: str | None = None
    """The id of its trace, for the call's record; None where that is not sampled."""
    span_id: str | None = None
    """The id of the root of that trace."""

    def meets(self, call: Call) -> None:
        """The initiate makes no call, but accepts the other user's (glare)."""


@dataclass(frozen=True, slots=True)
class Resume:
    """How a session is taken up again: `resumed` and `fresh` as the other side hears it.

    `reason` is why there is no replay, one of `SNAPSHOTS` of the metrics, else empty; `began_ns` is
    when the join came (epoch ns).
    """

    resumed: str
    reason: str
    fresh: bool
    began_ns: int


_UNTRACED = nullcontext(Setup())


class Tracing:
    """Is told what the use cases do; this one, for a node without traces, ignores it."""

    def setup(
        self, _call_id: str, _call_type: str, _traceparent: str | None
    ) -> AbstractContextManager[Setup]:
        """An initiate is being handled in the block; what it leads to is part of one trace.

        The arguments are the id of the call, if it leads to one, its type, and what trace the
        client named.
        """
        return _UNTRACED

    def accepting(self, _call_id: str) -> AbstractContextManager[object]:
        """An accept is being handled in the block."""
        return _UNTRACED

    def renegotiated(self, call: Call) -> None:
        """An offer was sent in a connected call."""

    def detached(self, call: Call, user: str) -> None:
        """The user's side of a live call has lost its connection."""

    def resumed(self, before: Call, after: Call, user: str, resume: Resume) -> None:
        """The user's side of a call has a connection again; what the call was, and is."""

    def taken_over(self, call: Call, user: str) -> None:
        """The user has taken a call to another session."""

    def store(self, _op: str) -> AbstractContextManager[object]:
        """The store does something in the block."""
        return _UNTRACED
