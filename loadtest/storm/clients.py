"""The process with the sessions of a storm: `python -m loadtest.storm.clients`.

On standard input it is told whom to connect to. It answers by a line once all have joined; the next
line has all drop and come back, and is answered by what became of that. It ends with its input.
"""

import asyncio
import json
import sys
import time
from collections import Counter

import uvloop

from loadtest.open_files import allow
from loadtest.storm.returner import Returner

_BATCH = 50


async def run(url: str, key: str, sessions: int) -> None:
    """Come, drop, come back."""
    failures: Counter[str] = Counter()
    returners = [Returner(number, url, key, failures) for number in range(sessions)]
    for start in range(0, sessions, _BATCH):
        await asyncio.gather(*(one.come() for one in returners[start : start + _BATCH]))
    _say({"here": sessions})
    await asyncio.to_thread(sys.stdin.readline)
    failures.clear()
    took_s = await _return(returners)
    resumed = Counter(one.resumed for one in returners)
    _say({"took_s": took_s, "resumed": resumed, "failures": failures})
    await asyncio.to_thread(sys.stdin.read)


async def _return(returners: list[Returner]) -> list[float]:
    """Drop all, and have each come back; after how many seconds they had, in order."""
    begun = time.monotonic()

    async def back(one: Returner) -> float:
        await one.come()
        return time.monotonic() - begun

    for one in returners:
        one.drop()
    return sorted(await asyncio.gather(*map(back, returners)))


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asked = json.loads(sys.stdin.readline())
    allow(asked["sessions"])
    uvloop.run(run(**asked))
