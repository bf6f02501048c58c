"""What an event counts as in the limit of events: how much work it is beside a usual one.

docs/decisions/0024-work-in-turns.md.
"""

from collections.abc import Callable
from typing import Any

from service.wire.client_events import (
    AuthRefresh,
    ClientEvent,
    IceCandidate,
    UserUnwatch,
    UserWatch,
)

_SIGNATURE = 8
"""With ES256 a signature takes as long as so many events."""
_CANDIDATES = 8
"""So many together are as much work as another event."""
_WATCHED = 4
"""Each user is looked up and told: so many are as much work as another event."""
_UNWATCHED = 64
"""Nobody is looked up or told."""


def cost_of(message: ClientEvent) -> int:
    """How many events this one counts as; at least one."""
    several = _SEVERAL.get(type(message))
    return 1 if several is None else several(message)


def _candidates(message: IceCandidate) -> int:
    several = message.candidates
    return 1 if several is None else 1 + len(several) // _CANDIDATES


_SEVERAL: dict[type[ClientEvent], Callable[[Any], int]] = {
    IceCandidate: _candidates,
    UserWatch: lambda message: 1 + len(message.user_ids) // _WATCHED,
    UserUnwatch: lambda message: 1 + len(message.user_ids) // _UNWATCHED,
    AuthRefresh: lambda _: _SIGNATURE,
}
"""Of events that may be more than one. By type: `isinstance` takes long on a Struct's class."""
