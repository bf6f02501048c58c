"""What the use cases tell a tracer; `call_spans` makes traces of it.

The standard `OTEL_*` variables configure traces. Without them nothing of the SDK is loaded.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Self

from service.calls.call import Call
from service.telemetry.call_log import refused

_NOTHING = nullcontext()


class Setup:
    """An initiate being handled; logs why it is refused.

    The use case sets `call_id` once there is a call.
    """

    def __init__(self, call_type: str) -> None:
        self.call_id: str | None = None
        self._call_type = call_type

    @property
    def traceparent(self) -> str | None:
        """The trace, for the call's record (W3C Trace Context)."""
        return None

    def meets(self, call: Call) -> None:
        """The initiate makes no call, but accepts the other user's (glare)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            refused(self._call_type, error)


class Tracing:
    """Is told what the use cases do; this one, for a node without traces, ignores it."""

    def setup(self, call_type: str, traceparent: str | None) -> AbstractContextManager[Setup]:
        """An initiate is being handled in the block; what it leads to is part of one trace."""
        del traceparent
        return Setup(call_type)

    def accepting(self, call_id: str) -> AbstractContextManager[object]:
        """An accept is being handled in the block."""
        del call_id
        return _NOTHING

    def renegotiated(self, call: Call) -> None:
        """An offer was sent in a connected call."""

    def store(self, op: str) -> AbstractContextManager[object] | None:
        """The store does something in the block; None where nothing is measured."""

    def moved(self, before: Call | None, after: Call) -> None:
        """As `ports.CallObserver`."""
