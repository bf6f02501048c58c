"""The attacker's process: `python -m loadtest.attack.attacker NAME SECONDS`, the target as JSON."""

import asyncio
import contextlib
import json
import os
import resource
import sys

import uvloop

from loadtest.attack.attacks import ATTACKS
from loadtest.attack.target import Target

_NICE = 5
"""So that on a busy machine it is the attacker who waits, not who measures."""


async def attacked(name: str, target: Target, seconds: float) -> None:
    """Attack for so long, and hold on to what is open until then."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ATTACKS[name].done(target)
            await asyncio.sleep(seconds)


def main(name: str, seconds: str) -> None:
    """Attack as told, and say what that was."""
    os.nice(_NICE)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    target = Target(**json.load(sys.stdin))
    uvloop.run(attacked(name, target, float(seconds)))
    told = {
        "opened": target.opened,
        "sent": target.sent,
        "answers": target.answers,
        "wrong": sorted(target.wrong),
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
