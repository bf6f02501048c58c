"""Sessions and calls to put into a store, and the moves that change them."""

from itertools import count

from service.calls.call import Call, CallType
from service.calls.events import Accepted, Event, HungUp, Rung, Silenced
from service.calls.machine import decide
from service.calls.reasons import Reason
from service.calls.timeouts import Timeouts
from service.session_ref import SessionRef
from service.stores import Stores

START = 1_795_000_000_000
TIMEOUTS = Timeouts()
MOST = 10
"""Sessions of a user."""
_ops = count()


def op() -> str:
    """The id of a move that nobody has made yet."""
    return f"op-{next(_ops)}"


def ref(name: str, user: str = "bob") -> SessionRef:
    return SessionRef(name, user)


def call(caller: str = "alice", callee: str = "bob", *, name: str = "1", now: int = START) -> Call:
    return Call(
        id=f"c_{name}",
        type=CallType.AUDIO,
        caller=caller,
        caller_session=f"{caller}1",
        callee=callee,
        created_at=now,
        deadline=now + TIMEOUTS.ring,
    )


def _after(before: Call, event: Event, now: int = START) -> Call:
    return decide(before, event, now, TIMEOUTS).call


def rung(before: Call, device: str | None = None) -> Call:
    return _after(before, Rung(None if device is None else ref(device, before.callee)))


def silenced(before: Call, device: str = "b1") -> Call:
    return _after(before, Silenced(before.callee, device))


def accepted(before: Call, session: str = "b1") -> Call:
    return _after(before, Accepted(before.callee, session))


def ended(before: Call, now: int = START) -> Call:
    return _after(before, HungUp(before.caller, before.caller_session), now)


def differently_ended(before: Call) -> Call:
    """Another outcome of the same revision."""
    return ended(before)._replace(reason=Reason.ERROR)


async def join(stores: Stores, *names: str, user: str = "bob") -> None:
    for name in names:
        assert await stores.users.add(ref(name, user), MOST) is not None


async def opened(stores: Stores, new: Call) -> Call:
    """The call as it stands, engaged as one who has just looked would."""
    caller, callee = await stores.users.situation(new.caller, new.callee)
    call = await stores.calls.open(new, caller.version, callee.version)
    assert call is not None
    return call


async def swapped(stores: Stores, before: Call, after: Call) -> Call:
    """The move, made."""
    assert await stores.calls.swap(before, after, op()) is after
    return after
