"""How long a call may stay in a state, and when the present one times out. Pure."""

from dataclasses import dataclass

from service.calls.call import Call, State


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a state may last, in ms; `longest` bounds an accepted call, if set.

    A session without a connection has `window` to come back; `detached` is the longest that a
    connected call waits for it while media flow.
    """

    ring: int = 45_000
    connect: int = 30_000
    longest: int | None = None
    window: int = 30_000
    detached: int = 600_000


def times_out_at(call: Call, timeouts: Timeouts) -> int | None:
    """When the present state of a live call has lasted too long, if ever."""
    accepted, connecting = call.accepted_at, call.connecting_at
    if accepted is None:
        return call.created_at + timeouts.ring
    if call.state is State.CONNECTING:
        return None if connecting is None else connecting + timeouts.connect
    return accepted + timeouts.longest if timeouts.longest else None
