"""Pairs of users on one service, who relay to each other or call each other without a pause."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

from picows import ws_connect

from loadtest import media
from loadtest.guest import Guest
from loadtest.resumable import Resumable

_BATCH = 50
_WITHIN_S = 60
_OFFER, _ANSWER = media.description("offer", "video"), media.description("answer", "video")
_CANDIDATES = [media.candidate(number) for number in range(media.CANDIDATES)]


class Peer(Guest):
    """One user, who calls the next one or is called; all that it does is answer."""

    def __init__(self, number: int, pairs: "Pairs") -> None:
        user = f"{pairs.kind}-{number}"
        super().__init__(user, Resumable(user) if pairs.kind == "resumable" else None)
        self.other = f"{pairs.kind}-{number ^ 1}"
        self.calls = number % 2 == 0
        self.call_id = ""
        self._pairs = pairs

    def heard(self, event: str, payload: dict[str, Any]) -> None:
        """As the pairs have it."""
        self._pairs.heard(self, event, payload)


class Pairs:
    """Users of one kind, by two and two, and how often they did what."""

    def __init__(self, kind: Literal["plain", "resumable"]) -> None:
        self.kind = kind
        self.peers: list[Peer] = []
        self.did: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self._hangs_up = self._goes_on = False

    async def connect(self, url: str, count: int = _BATCH) -> None:
        """Have so many more users join, some at a time."""
        while count > 0:
            first = len(self.peers)
            peers = [Peer(number, self) for number in range(first, first + min(count, _BATCH))]
            self.peers += peers
            count -= len(peers)
            await asyncio.gather(*(ws_connect(lambda peer=peer: peer, url) for peer in peers))
            await asyncio.gather(*(peer.joined.wait() for peer in peers))

    async def call(self) -> None:
        """Have every pair in a call, up to the answer."""
        self.did.clear()
        self._hangs_up = False
        for peer in self.peers[::2]:
            self._initiate(peer)
        await self._until(lambda: self.did["answered"] == len(self.peers) // 2)

    async def relay(self, seconds: float) -> int:
        """Pass candidates to and fro in the calls that there are; how many came."""
        self.did.clear()
        self._goes_on = True
        for peer in self.peers:
            self._candidate(peer, 0)
        await asyncio.sleep(seconds)
        await self._rest(lambda: self.did["relayed"] == self.did["sent"])
        return self.did["relayed"]

    async def trickle(self, count: int) -> None:
        """Send so many candidates each way, in the calls that there are."""
        self.did.clear()
        for _ in range(count):
            for peer in self.peers:
                self._candidate(peer, 0)
            await self._until(lambda: self.did["relayed"] == self.did["sent"])

    async def hang_up(self) -> None:
        """End the calls that there are."""
        self.did.clear()
        for peer in self.peers[::2]:
            peer.emit("call:end", callId=peer.call_id)
        await self._until(lambda: self.did["ended"] == len(self.peers) // 2)

    async def call_on(self, seconds: float) -> int:
        """Place one call after another; how many there were."""
        self.did.clear()
        self._hangs_up = self._goes_on = True
        for peer in self.peers[::2]:
            self._initiate(peer)
        await asyncio.sleep(seconds)
        await self._rest(lambda: self.did["ended"] == self.did["initiated"])
        return self.did["ended"]

    async def leave(self) -> None:
        """Have all be gone."""
        await asyncio.gather(*(peer.leave() for peer in self.peers))

    def heard(self, peer: Peer, event: str, payload: dict[str, Any]) -> None:
        """What follows from an event of the service."""
        if event == "error":
            self.errors[payload["code"]] += 1
        elif event == "ice:candidate":
            self.did["relayed"] += 1
            if self._goes_on and not self._hangs_up:
                self._candidate(peer, 0)
        elif peer.calls:
            self._caller(peer, event, payload)
        else:
            self._callee(peer, event, payload)

    def _caller(self, peer: Peer, event: str, payload: dict[str, Any]) -> None:
        match event:
            case "call:initiated":
                peer.call_id = payload["callId"]
            case "call:accepted":
                peer.relay("call:offer", offer=_OFFER, callId=peer.call_id)
                self._trickle(peer)
            case "call:answer" if self._hangs_up:
                peer.emit("call:end", callId=peer.call_id)
            case "call:answer":
                self.did["answered"] += 1
            case "call:ended":
                self.did["ended"] += 1
                if self._hangs_up and self._goes_on:
                    self._initiate(peer)

    def _callee(self, peer: Peer, event: str, payload: dict[str, Any]) -> None:
        match event:
            case "call:incoming":
                peer.call_id = payload["callId"]
                peer.emit("call:accept", callId=peer.call_id)
            case "call:offer":
                peer.relay("call:answer", answer=_ANSWER, callId=peer.call_id)
                self._trickle(peer)

    def _initiate(self, peer: Peer) -> None:
        self.did["initiated"] += 1
        peer.emit("call:initiate", to=peer.other, callType="video")

    def _trickle(self, peer: Peer) -> None:
        if self._hangs_up:
            for number in range(media.CANDIDATES):
                self._candidate(peer, number)

    def _candidate(self, peer: Peer, number: int) -> None:
        self.did["sent"] += 1
        peer.relay("ice:candidate", candidate=_CANDIDATES[number], callId=peer.call_id)

    async def _rest(self, quiet: Callable[[], bool]) -> None:
        self._goes_on = False
        await self._until(quiet)

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(_WITHIN_S):
            while not true():  # noqa: ASYNC110 - nothing tells when it does
                await asyncio.sleep(0.01)
