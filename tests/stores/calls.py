"""Calls to put into a store, and the moves that change them."""

from service.calls.call import Call, CallType, State
from service.calls.events import Accepted, HungUp, Rung, Silenced
from service.calls.machine import decide, initiate
from service.calls.reasons import Reason
from service.calls.rules import Timeouts
from service.ports import CallStore

START = 1_795_000_000_000
TIMEOUTS = Timeouts()


def call(caller: str = "alice", callee: str = "bob", *, name: str = "1", now: int = START) -> Call:
    return initiate(
        call_id=f"c_{name}",
        call_type=CallType.AUDIO,
        caller=caller,
        caller_session=f"{caller}1",
        callee=callee,
        now=now,
        timeouts=TIMEOUTS,
    )


def rung(before: Call) -> Call:
    return decide(before, Rung(), START, TIMEOUTS).call


def silenced(before: Call, device: str = "d") -> Call:
    return decide(before, Silenced(before.callee, device), START, TIMEOUTS).call


def accepted(before: Call, session: str = "b1") -> Call:
    return decide(before, Accepted(before.callee, session), START, TIMEOUTS).call


def ended(before: Call, now: int = START) -> Call:
    return decide(before, HungUp(before.caller, before.caller_session), now, TIMEOUTS).call


def differently_ended(before: Call) -> Call:
    """Another outcome of the same revision."""
    return ended(before)._replace(reason=Reason.ERROR)


async def opened(store: CallStore, new: Call) -> Call:
    """The call, engaged as one who has just looked would."""
    caller, callee = await store.engagements(new.caller), await store.engagements(new.callee)
    assert await store.open(new, caller.version, callee.version)
    return new


def over(stands: Call | None) -> bool:
    return stands is not None and stands.state is State.ENDED
