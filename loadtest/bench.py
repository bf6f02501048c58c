"""`make bench`: what each unit of work costs one node, in CPU time and memory.

Costs are the operating system's account of the service's own process, so that they hold when the
machine is busy with other things; throughput and latency would not. The driver shares the machine,
not the process: it is as thin as picows makes it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import psutil
import uvloop
from picows import ws_connect

from loadtest import media
from loadtest.guest import Guest
from loadtest.serving import Served, serving
from service.signalling import relay

PAIRS = 250
SECONDS = 5.0
BATCH = 50
OFFER, ANSWER = media.description("offer", "video"), media.description("answer", "video")
CANDIDATES = [media.candidate(number) for number in range(media.CANDIDATES)]


class Peer(Guest):
    """One user, who calls the next one or is called; all that it does is answer."""

    def __init__(self, number: int, load: "Load") -> None:
        super().__init__(f"user-{number}")
        self.other = f"user-{number ^ 1}"
        self.calls = number % 2 == 0
        self.call_id = ""
        self._load = load

    def heard(self, event: str, payload: dict[str, str]) -> None:
        """As the load has it."""
        self._load.heard(self, event, payload)


class Load:
    """Pairs of users on one service, and what they have done."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.joined = self.relayed = self.called = 0
        self.work = ""
        self.errors: dict[str, int] = {}

    async def connect(self, url: str) -> None:
        """Have every user join."""
        for start in range(0, 2 * PAIRS, BATCH):
            peers = [Peer(number, self) for number in range(start, start + BATCH)]
            self.peers += peers
            await asyncio.gather(*(ws_connect(lambda peer=peer: peer, url) for peer in peers))
            await _until(lambda: self.joined == len(self.peers))

    def begin(self, work: str) -> None:
        """Every caller places a call: `relay` passes messages in it, `calls` one after another."""
        self.work = work
        for peer in self.peers[::2]:
            peer.emit("call:initiate", to=peer.other, callType="video")

    def heard(self, peer: Peer, event: str, payload: dict[str, str]) -> None:
        """What follows from an event of the service."""
        if event == "error":
            self.errors[payload["code"]] = self.errors.get(payload["code"], 0) + 1
        elif event == "user:joined":
            self.joined += 1
        elif event == "ice:candidate":
            self.relayed += 1
            if self.work == "relay":
                peer.emit("ice:candidate", candidate=CANDIDATES[0], callId=peer.call_id)
        elif peer.calls:
            self._caller(peer, event, payload)
        else:
            self._callee(peer, event, payload)

    def _caller(self, peer: Peer, event: str, payload: dict[str, str]) -> None:
        match event:
            case "call:initiated":
                peer.call_id = payload["callId"]
            case "call:accepted":
                peer.emit("call:offer", offer=OFFER, callId=peer.call_id)
                self._trickle(peer)
            case "call:answer" if self.work == "calls":
                peer.emit("call:end", callId=peer.call_id)
            case "call:ended":
                self.called += 1
                peer.emit("call:initiate", to=peer.other, callType="video")

    def _callee(self, peer: Peer, event: str, payload: dict[str, str]) -> None:
        match event:
            case "call:incoming":
                peer.call_id = payload["callId"]
                peer.emit("call:accept", callId=peer.call_id)
            case "call:offer":
                peer.emit("call:answer", answer=ANSWER, callId=peer.call_id)
                self._trickle(peer)

    def _trickle(self, peer: Peer) -> None:
        for candidate in CANDIDATES[:1] if self.work == "relay" else CANDIDATES:
            peer.emit("ice:candidate", candidate=candidate, callId=peer.call_id)


async def measured(service: psutil.Process, work: Awaitable[object]) -> float:
    """Seconds of the service's CPU time that `work` took."""
    before = sum(service.cpu_times()[:2])
    await work
    return sum(service.cpu_times()[:2]) - before


async def run(service: psutil.Process, url: str) -> None:
    """Measure and print."""
    load, idle = Load(), service.memory_info().rss
    code = "sources" if str(relay.__file__).endswith(".py") else "compiled"
    print(f"hot modules        {code:>8}")
    spent = await measured(service, load.connect(url))
    users = len(load.peers)
    print(f"connect and join   {spent / users * 1e6:8.0f} µs")
    print(f"a connection       {(service.memory_info().rss - idle) / users / 1024:8.1f} KiB")
    load.begin("relay")
    await asyncio.sleep(1)
    relayed = load.relayed
    spent = await measured(service, asyncio.sleep(SECONDS))
    print(f"a relayed message  {spent / max(1, load.relayed - relayed) * 1e6:8.1f} µs")
    load.work = "calls"
    for peer in load.peers[::2]:
        peer.emit("call:end", callId=peer.call_id)
    await asyncio.sleep(1)
    called = load.called
    spent = await measured(service, asyncio.sleep(SECONDS))
    print(f"a whole call       {spent / max(1, load.called - called) * 1e6:8.0f} µs")
    if load.errors:
        sys.exit(f"Not a fair run: {load.errors}")


@contextmanager
def unlimited() -> Iterator[Served]:
    """A service of its own, with everything on but the limits."""
    with serving(rate_limit_scale="1000000") as served:
        yield served


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - nothing tells when it does
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    with unlimited() as served:
        uvloop.run(run(served.process, served.url))
