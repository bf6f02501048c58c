"""What costs little and must not be: names that look like others', signals."""

import asyncio
import os
import signal

from loadtest.attack.attack import Attack, Scenario
from loadtest.attack.target import Target

_STRANGE = ("   ", "\u202ebob", "bob\u200b", "bob\x85", "\u2066bob\u2069", "\u00a0", "bo\u00adb")


async def _names(target: Target) -> None:
    async def one(number: int) -> None:
        user = _STRANGE[number % len(_STRANGE)]
        async with target.session(user):
            target.wrong.add(f"let {user!r} in")

    await target.crowd(len(_STRANGE), one)


def _signalled(number: signal.Signals) -> Scenario:
    async def done(target: Target) -> None:
        while True:
            try:
                os.kill(target.pid, number)
            except ProcessLookupError:
                target.wrong.add("ended")
                return
            await asyncio.sleep(0.2)

    return done


ODDITIES = [
    Attack("names", "sub of blanks, direction marks, zero-width and C1 characters", _names),
    Attack("sighup", "SIGHUP, five times a second", _signalled(signal.SIGHUP)),
    Attack("sigusr1", "SIGUSR1, five times a second", _signalled(signal.SIGUSR1)),
]
