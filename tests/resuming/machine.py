"""People who call each other while their networks are cut at any byte."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.resuming.party import Party
from tests.resuming.stage import Stage
from tests.resuming.truth import compare, nothing_lost
from tests.stateful.end import check_empty, look_around, under_way
from tests.support.service import TestService, running
from tests.support.severable import DOWN, UP
from tests.support.waiting import until

USERS = ("alice", "bob", "bob")
"""The user of each device."""
MEDIA = ("connected", "connected", "disconnected", "failed")
WINDOW = 31
"""Seconds after which nobody is waited for."""

Outcome = TypeVar("Outcome")
parties = st.integers(0, len(USERS) - 1)
picks = st.integers(0, 5)
kinds = st.sampled_from(["websocket", "polling", "upgrade"])
relays = st.sampled_from(["call:offer", "call:answer", "ice:candidate", "call:signal"])


class Cutting(RuleBasedStateMachine):
    """They wait for nothing but where a rule says so."""

    cuts = 0
    """How many connections were cut, in all stories."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.serving = AsyncExitStack()
        self.services: list[TestService] = []
        self.parties: list[Party] = []
        self.snapshots = 0

    def run(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        return self.runner.run(work)

    @initialize(kinds=st.tuples(*[kinds] * len(USERS)), seed=st.integers(0, 9_999))
    def start(self, kinds: tuple[str, ...], seed: int) -> None:
        async def starting() -> None:
            await self.serve(seed)
            for name, (user, kind) in enumerate(zip(USERS, kinds, strict=True)):
                stage = Stage(self.services[name % len(self.services)], self.serving)
                self.parties.append(Party(await stage.join(user, kind), name))

        self.run(starting())

    async def serve(self, seed: int) -> None:
        """Have the node run, or the nodes."""
        del seed
        service = running(None, None, rate_limit_scale=1_000)
        self.services = [await self.serving.enter_async_context(service)]

    def travelling(self) -> int:
        """How much is on its way between nodes."""
        return 0

    @rule(who=parties, turns=picks)
    def initiate(self, who: int, turns: int) -> None:
        to = self._others(who)[0].device.user
        self._say(who, "call:initiate", {"to": to, "callType": "audio"}, turns)

    @rule(who=parties, which=picks, turns=picks)
    def accept(self, who: int, which: int, turns: int) -> None:
        self._say(who, "call:accept", self._call(who, which), turns)

    @rule(who=parties, which=picks, turns=picks)
    def reject(self, who: int, which: int, turns: int) -> None:
        self._say(who, "call:reject", self._call(who, which), turns)

    @rule(who=parties, which=picks, turns=picks)
    def end(self, who: int, which: int, turns: int) -> None:
        self._say(who, "call:end", self._call(who, which), turns)

    @rule(who=parties, late=st.sampled_from([0, 0, 0, 1]), turns=picks)
    def move(self, who: int, late: int, turns: int) -> None:
        """Take a call over that another device of the user has, or had a while ago."""
        user = self.parties[who].device.user
        for call in self.services[0].calls.live():
            if user in (call.caller, call.callee):
                fields = {"callId": call.id, "moves": max(0, call.moves - late)}
                self._say(who, "call:move", fields, turns)

    @rule(
        who=parties,
        which=picks,
        what=st.lists(relays, min_size=1, max_size=12),
        stale=st.sampled_from([0, 0, 0, 1]),
        turns=picks,
    )
    def relay(self, who: int, which: int, what: list[str], stale: int, turns: int) -> None:
        for event in what:
            self._say(who, event, self._call(who, which), turns, stale)

    @rule(who=parties, which=picks, state=st.sampled_from(MEDIA))
    def report(self, who: int, which: int, state: str) -> None:
        async def reporting() -> None:
            self.parties[who].report(self._call(who, which)["callId"], state)

        self.run(reporting())

    @rule(caller=parties, turns=picks)
    def ring(self, caller: int, turns: int) -> None:
        """A call that rings, and what is sent before the accept."""
        self.become_quiet()
        self.initiate(caller, 0)
        self.run(self._heard(self._others(caller)[0].name, caller))
        self.relay(caller, 0, ["call:offer", "ice:candidate"], 0, turns)

    @rule(
        caller=parties, other=st.integers(0, 1), first=st.sampled_from([UP, DOWN]),
        more=st.integers(0, 3_000),
    )  # fmt: skip
    def talk(self, caller: int, other: int, first: str, more: int) -> None:
        """A whole set-up, somewhere in which the caller is cut."""
        self.become_quiet()
        others = self._others(caller)
        callee = others[other % len(others)].name
        self.cut_later(caller, first, more)
        self.initiate(caller, 0)
        self.run(self._heard(callee, caller))
        self.accept(callee, 0, 0)
        for who, event in ((caller, "call:offer"), (callee, "call:answer")):
            self.relay(who, 0, [event, *["ice:candidate"] * 5], 0, 0)
            self.report(who, 0, "connected")

    @rule(who=parties)
    def cut(self, who: int) -> None:
        self.parties[who].device.proxy.cut()

    @rule(who=parties, way=st.sampled_from([UP, DOWN]), more=st.integers(0, 3_000))
    def cut_later(self, who: int, way: str, more: int) -> None:
        self.parties[who].device.proxy.cut_after(way, more)

    @rule(who=parties)
    def lose_unnoticed(self, who: int) -> None:
        self.parties[who].device.proxy.forsake()

    @rule(who=parties, kind=kinds)
    def change_transport(self, who: int, kind: str) -> None:
        self.parties[who].device.kind = kind

    @rule(who=parties)
    def forget(self, who: int) -> None:
        """Come back without `lastSeq`: a snapshot follows, unless it was back already."""
        self.parties[who].device.forgets = True
        self.parties[who].device.proxy.cut()

    @rule(who=parties)
    def reload(self, who: int) -> None:
        self.run(self.parties[who].reload())

    @rule(seconds=st.sampled_from([5, 16, WINDOW]))
    def let_time_pass(self, seconds: int) -> None:
        self.run(self.services[0].advance(seconds))

    @rule()
    def become_quiet(self) -> None:
        self.run(self._quiet())
        self.run(self._look_around())

    def teardown(self) -> None:
        try:
            try:
                if self.parties:
                    self.become_quiet()
                    self.run(self._leave())
            finally:
                type(self).cuts += sum(party.device.proxy.cuts for party in self.parties)
                self.run(self.serving.aclose())
        finally:
            self.runner.close()

    def _others(self, who: int) -> list[Party]:
        """The devices of the other user."""
        user = self.parties[who].device.user
        return [party for party in self.parties if party.device.user != user]

    async def _heard(self, who: int, caller: int) -> None:
        """Wait until one has heard of a call that is live, unless the other has placed none."""
        heard, initiate = self.parties[who], self.parties[caller].said[-1]

        def placed() -> bool:
            return initiate.succeeded and "glare" not in initiate.answer

        await until(lambda: heard.live or not (initiate.waits or placed()), "the call")

    def _call(self, who: int, which: int) -> dict[str, str]:
        """A call that one knows, the latest first; else none at all."""
        known = [*self.parties[who].knowledge.calls][::-1]
        return {"callId": known[min(which, len(known) - 1)] if known else "c_none"}

    def _say(
        self, who: int, event: str, payload: dict[str, Any], turns: int, stale: int = 0
    ) -> None:
        async def saying() -> None:
            self.parties[who].say(event, payload, stale)
            for _ in range(turns):
                await asyncio.sleep(0)

        self.run(saying())

    async def _quiet(self) -> None:
        """Wait until all are there, and have heard all there is to hear."""
        for party in self.parties:
            party.device.proxy.release()
        links = None
        while links != (links := [party.device.link for party in self.parties]):
            for party in (*self.parties, *self.parties):  # who came late may have had much to say
                await party.settled()
            await until(
                lambda: not under_way(self.services) + self.travelling(), "nothing under way"
            )
            for party in self.parties:
                await party.settled()

    async def _look_around(self) -> None:
        """Everybody knows the same; after a snapshot of anybody much may be lost on the way."""
        snapshots = sum(party.snapshots for party in self.parties)
        if snapshots != self.snapshots:
            self.snapshots = snapshots
            for party in self.parties:
                party.lost_before = len(party.said)
        look_around(self.services, self.parties)
        await compare(self.services, self.parties)
        self.check_nothing_missed()

    def check_nothing_missed(self) -> None:
        """Nobody began anew who could have gone on, and all that was relayed arrived."""
        assert not any(party.device.unasked for party in self.parties)
        nothing_lost(self.services, self.parties)

    async def _leave(self) -> None:
        """All go, and nothing is kept of anybody."""
        for party in self.parties:
            await party.close()
        await until(lambda: not under_way(self.services) + self.travelling(), "nothing under way")
        await self.services[0].advance(WINDOW)  # who came and was not told is waited for
        for service in self.services:
            await service.node.sweeper.sweep()
        await check_empty(self.services)
