"""`make idle`: what sessions that do nothing cost one node, and how late their heartbeats are.

SESSIONS (10,000) for TIME seconds (60). The driver takes as many file descriptors as the service.
"""

import asyncio
import os
import resource
import sys
import time

import psutil
import uvloop
from picows import WSTransport, ws_connect

from loadtest.bench import BATCH, measured, unlimited
from loadtest.guest import Guest
from service.transport.server.open_files import RESERVE

SESSIONS = int(os.environ.get("SESSIONS", "10000"))
TIME_S = float(os.environ.get("TIME", "60"))
_FILES = SESSIONS + RESERVE
"""What it takes, of each process: a file for each session, and some for anything else."""


class Resident(Guest):
    """One user who is there, and notes when the service pings."""

    def __init__(self, number: int, late: list[float]) -> None:
        super().__init__(f"user-{number}")
        self.joined = asyncio.get_running_loop().create_future()
        self._late = late
        self._due = 0.0
        self._interval = 0.0

    def opened(self, handshake: dict[str, int]) -> None:
        """The first ping is due an interval from now."""
        self._interval = handshake["pingInterval"] / 1000
        self._due = time.monotonic() + self._interval

    def pinged(self) -> None:
        """Note how late it is; the next is due an interval after the answer."""
        self._late.append(time.monotonic() - self._due)
        self._due = time.monotonic() + self._interval

    def heard(self, event: str, payload: dict[str, str]) -> None:
        """All that is waited for is the join."""
        del payload
        if event == "user:joined":
            self.joined.set_result(None)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Nobody should be cut."""
        del transport
        sys.exit(f"{self.user} was cut.")


async def run(service: psutil.Process, url: str) -> None:
    """Measure and print."""
    late: list[float] = []
    before, residents = service.memory_info().rss, []
    for start in range(0, SESSIONS, BATCH):
        came = [Resident(number, late) for number in range(start, min(start + BATCH, SESSIONS))]
        residents += came
        await asyncio.gather(*(ws_connect(lambda one=one: one, url) for one in came))
        await asyncio.gather(*(one.joined for one in came))
    late.clear()
    spent = await measured(service, asyncio.sleep(TIME_S))
    late.sort()
    if not late:
        sys.exit(f"No heartbeat was due within {TIME_S:g} s; set a longer TIME.")
    print(f"sessions           {len(residents):8}")
    print(f"a session          {(service.memory_info().rss - before) / SESSIONS / 1024:8.1f} KiB")
    print(f"heartbeats         {len(late):8}")
    print(f"late, p99          {late[int(len(late) * 0.99)] * 1000:8.0f} ms")
    print(f"late, the latest   {late[-1] * 1000:8.0f} ms")
    print(f"a core             {spent / TIME_S * 100:8.1f} %")


def _admit() -> None:
    """Allow the files that this takes, here; the service allows itself as many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < _FILES:
        sys.exit(f"{SESSIONS} sessions need {_FILES} open files; run: ulimit -n {_FILES}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    _admit()
    with unlimited() as served:
        uvloop.run(run(served.process, served.url))
