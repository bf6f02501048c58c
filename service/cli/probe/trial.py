"""One run: two users from connect to hang-up."""

from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from service.cli.probe.client import joined
from service.cli.probe.conversation import conversation
from service.cli.probe.ice import relays
from service.cli.probe.steps import Report, Step, Steps, Stopped
from service.cli.probe.target import Target
from service.turn.allocation import ready


async def run(target: Target, now: int, tell: Callable[[Step], object]) -> Report:
    """Probe a service once. Whatever fails, nothing of it stays there.

    Args:
        target: the service, and who tries it.
        now: epoch seconds.
        tell: is given each step once it is over.
    """
    steps = Steps(tell)
    with suppress(Stopped):
        await _through(target, now, steps)
    return Report(target.origin, tuple(steps.taken))


async def _through(target: Target, now: int, steps: Steps) -> None:
    if target.turn:
        await ready()  # lest its loading count as TURN's time
    caller, callee = target.guests(now)
    async with AsyncExitStack() as present:
        async with steps.step("connect"):
            a = await present.enter_async_context(joined(target, "the caller", caller))
            b = await present.enter_async_context(joined(target, "the callee", callee))
        talk = await present.enter_async_context(conversation(a, b))
        async with steps.step("call"):
            await talk.place()
        async with steps.step("relay"):
            await talk.relay()
        async with steps.step("turn"):
            await relays(target, caller.token)
        async with steps.step("hang-up"):
            await talk.hang_up()
