"""What an event counts as in the limit of events: how much work it is beside a usual one.

docs/decisions/0024-work-in-turns.md.
"""

from service.wire import client_events as said

_WHOLE: dict[type[said.ClientEvent], int] = {
    said.AuthRefresh: 8,  # with ES256 a signature takes as long as so many events
    said.CallMove: 8,  # up to twenty sessions are told, and all but two look up their calls for it
}
_LISTS: dict[type[said.ClientEvent], tuple[str, int]] = {
    said.IceCandidate: ("candidates", 8),
    said.UserWatch: ("user_ids", 4),  # each is looked up and told
    said.UserUnwatch: ("user_ids", 64),  # nobody is looked up or told
}
"""Of what an event may bring several, and how many of those are as much work as another event."""


def cost_of(message: said.ClientEvent) -> int:
    """How many events this one counts as; at least one."""
    kind = type(message)  # `isinstance` takes long on a Struct's class
    listed = _LISTS.get(kind)
    if listed is None:
        return _WHOLE.get(kind, 1)
    field, together = listed
    return 1 + len(getattr(message, field) or ()) // together
