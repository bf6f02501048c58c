"""What an event counts as in the limit of events: how much work it is beside a usual one.

docs/decisions/0024-work-in-turns.md.
"""

from service.wire.client_events import (
    AuthRefresh,
    ClientEvent,
    IceCandidate,
    UserUnwatch,
    UserWatch,
)

_SIGNATURE = 8
"""With ES256 a signature takes as long as so many events."""
_LISTS: dict[type[ClientEvent], tuple[str, int]] = {
    IceCandidate: ("candidates", 8),
    UserWatch: ("user_ids", 4),  # each is looked up and told
    UserUnwatch: ("user_ids", 64),  # nobody is looked up or told
}
"""Of what an event may bring several, and how many of those are as much work as another event."""


def cost_of(message: ClientEvent) -> int:
    """How many events this one counts as; at least one."""
    kind = type(message)  # `isinstance` takes long on a Struct's class
    if kind is AuthRefresh:
        return _SIGNATURE
    listed = _LISTS.get(kind)
    if listed is None:
        return 1
    field, together = listed
    return 1 + len(getattr(message, field) or ()) // together
