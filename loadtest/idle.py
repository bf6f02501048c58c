"""`make idle`: what sessions that do nothing cost one node, and how late their heartbeats are.

SESSIONS (10,000) for TIME seconds (60), first plain, then resumable, each on a service of its own.
Then what it costs that a session's client does not confirm what it has heard. The driver takes as
many file descriptors as the service.
"""

import asyncio
import os
import sys

import uvloop

from loadtest.bench.pairs import Pairs
from loadtest.open_files import allow
from loadtest.resident import Heartbeats, Kind, Resident
from loadtest.serving import Served, unlimited

SESSIONS = int(os.environ.get("SESSIONS", "10000"))
TIME_S = float(os.environ.get("TIME", "60"))
_BATCH = 50
_UNCONFIRMED = 256
_KEEPING = 1_000
"""Sessions that keep so many: with a tenth of what a node may keep for all."""


async def rest(served: Served, kind: Kind) -> None:
    """Measure sessions that do nothing, and print.

    Raises:
        SystemExit: one was cut, or no heartbeat was due.
    """
    heartbeats, before = Heartbeats(), served.kib
    for start in range(0, SESSIONS, _BATCH):
        numbers = range(start, min(start + _BATCH, SESSIONS))
        await asyncio.gather(*(Resident.arrive(served.url, kind, n, heartbeats) for n in numbers))
    heartbeats.late.clear()
    spent = served.cpu_s
    await asyncio.sleep(TIME_S)
    spent = served.cpu_s - spent
    late = sorted(heartbeats.late)
    if heartbeats.cut:
        sys.exit(f"{len(heartbeats.cut)} sessions were cut, {heartbeats.cut[0]} first.")
    if not late:
        sys.exit(f"No heartbeat was due within {TIME_S:g} s; set a longer TIME.")
    print(f"{kind} sessions")
    print(f"  each                {(served.kib - before) / SESSIONS:8.1f} KiB")
    print(f"  heartbeats          {len(late):8}")
    print(f"  late, p99           {late[int(len(late) * 0.99)] * 1000:8.0f} ms")
    print(f"  late, the latest    {late[-1] * 1000:8.0f} ms")
    print(f"  a core              {spent / TIME_S * 100:8.1f} %")


async def keep(served: Served) -> None:
    """Measure what unconfirmed events cost, and print."""
    pairs = Pairs("resumable")
    await pairs.connect(served.url, min(SESSIONS, _KEEPING))
    await pairs.call()
    for peer in pairs.peers:
        peer.confirms = False
    before = served.kib
    await pairs.trickle(_UNCONFIRMED)
    each = (served.kib - before) / len(pairs.peers)
    print(f"{_UNCONFIRMED} unconfirmed candidates")
    print(f"  a session           {each:8.1f} KiB more")


if __name__ == "__main__":
    allow(SESSIONS)
    for kind in ("plain", "resumable"):
        with unlimited() as served:
            uvloop.run(rest(served, kind))
    with unlimited() as served:
        uvloop.run(keep(served))
