"""The two sides of a call: which of its fields are whose, and who is told there."""

from typing import NamedTuple

from service.calls.call import Call, Link
from service.calls.effects import Audience, Message, Send


class Side(NamedTuple):
    """The names of a side's fields in `Call`, and its bound session as an audience."""

    link: str
    session: str
    node: str
    audience: Audience


CALLING = Side("calling", "caller_session", "caller_node", Audience.CALLER)
CALLED = Side("called", "callee_session", "callee_node", Audience.CALLEE)


def sides(call: Call, user: str) -> tuple[Side, Side]:
    """The side of `user`, and the other one."""
    return (CALLING, CALLED) if user == call.caller else (CALLED, CALLING)


def links(call: Call, user: str) -> tuple[Link, Link]:
    """How `user` is reached, and how the other one."""
    one, other = call.calling, call.called
    return (one, other) if user == call.caller else (other, one)


def tell(side: Side, link: Link, message: Message) -> tuple[Send, ...]:
    """Send to a side what only a resumable session understands."""
    return (Send(side.audience, message),) if link.resumable else ()
