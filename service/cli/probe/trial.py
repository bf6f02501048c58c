"""One run: two users from connect to hang-up."""

from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from service.cli.probe.client import joined
from service.cli.probe.conversation import Conversation
from service.cli.probe.ice import check_turn
from service.cli.probe.steps import Report, Step, Steps, Stopped
from service.cli.probe.target import Target
from service.turn.allocation import ready


async def run(target: Target, now: int, tell: Callable[[Step], object]) -> Report:
    """Probe a service once. Also after a failure no call, session or allocation is left there.

    Args:
        target: the service, and the users.
        now: epoch seconds.
        tell: is called with each step once it is over.
    """
    if target.turn:
        await ready()  # so that loading it does not count as TURN's time
    caller, callee = target.users(now)
    steps = Steps(tell)
    with suppress(Stopped):
        async with AsyncExitStack() as present:
            async with steps.step("connect"):
                a = await present.enter_async_context(joined(target, "the caller", caller))
                b = await present.enter_async_context(joined(target, "the callee", callee))
            talk = Conversation(a, b)
            present.push_async_callback(talk.abandon)
            async with steps.step("call"):
                await talk.place()
            async with steps.step("relay"):
                await talk.relay()
            async with steps.step("turn"):
                await check_turn(target, caller.token)
            async with steps.step("hang-up"):
                await talk.hang_up()
    return Report(target.origin, tuple(steps.taken))
