"""Two people who call each other while their networks are cut at any byte; what holds for both."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.resuming.party import Party
from tests.resuming.stage import Stage, staged
from tests.support.severable import DOWN, UP
from tests.support.waiting import until

Outcome = TypeVar("Outcome")
parties = st.sampled_from([0, 1])
ways = st.sampled_from([UP, DOWN])
kinds = st.sampled_from(["websocket", "polling", "upgrade"])
bytes_more = st.integers(0, 3_000)
picks = st.integers(0, 5)


class Cutting(RuleBasedStateMachine):
    """They wait for nothing but where a rule says so."""

    cuts = 0
    """How many there were, in all stories."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.serving = AsyncExitStack()
        self.parties: list[Party] = []
        self.forgot = False

    def run(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        return self.runner.run(work)

    @initialize(kinds=st.tuples(kinds, kinds))
    def start(self, kinds: tuple[str, str]) -> None:
        async def starting() -> None:
            self.stage: Stage = await self.serving.enter_async_context(
                staged(rate_limit_scale=1_000)
            )
            for user, kind in zip(("alice", "bob"), kinds, strict=True):
                self.parties.append(Party(await self.stage.join(user, kind)))

        self.run(starting())

    @rule(who=parties, turns=picks)
    def initiate(self, who: int, turns: int) -> None:
        to = self.parties[1 - who].device.user
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

    @rule(
        who=parties,
        which=picks,
        what=st.lists(
            st.sampled_from(["call:offer", "call:answer", "ice:candidate", "call:signal"]),
            min_size=1,
            max_size=12,
        ),
        turns=picks,
    )
    def relay(self, who: int, which: int, what: list[str], turns: int) -> None:
        for event in what:
            self._say(who, event, self._call(who, which), turns)

    @rule(caller=parties, first=st.sampled_from([UP, DOWN]), more=bytes_more)
    def talk(self, caller: int, first: str, more: int) -> None:
        """A whole set-up, somewhere in which one of the two is cut."""
        self.become_quiet()
        self.cut_later(caller, first, more)
        self.initiate(caller, 0)
        self.run(self._heard(1 - caller))
        self.accept(1 - caller, 0, 0)
        for who, event in ((caller, "call:offer"), (1 - caller, "call:answer")):
            self.relay(who, 0, [event, *["ice:candidate"] * 5], 0)

    @rule(who=parties)
    def cut(self, who: int) -> None:
        self.parties[who].device.proxy.cut()

    @rule(who=parties, way=ways, more=bytes_more)
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
        self.forgot = True
        self.parties[who].device.forgets = True
        self.parties[who].device.proxy.cut()

    @rule()
    def become_quiet(self) -> None:
        self.run(self._quiet())
        self._look_around()

    def teardown(self) -> None:
        try:
            try:
                if self.parties:
                    self.become_quiet()
            finally:
                type(self).cuts += sum(party.device.proxy.cuts for party in self.parties)
                self.run(self._close())
        finally:
            self.runner.close()

    async def _close(self) -> None:
        for party in self.parties:
            await party.close()
        await self.serving.aclose()

    async def _heard(self, who: int) -> None:
        """Wait until one has heard of a call that is live, or the other's initiate was refused."""
        heard, initiate = self.parties[who], self.parties[1 - who].said[-1]
        await until(lambda: heard.live or not (initiate.waits or initiate.succeeded), "the call")

    def _call(self, who: int, which: int) -> dict[str, str]:
        """A call that one knows, the latest first; else none at all."""
        known = [*self.parties[who].calls][::-1]
        return {"callId": known[min(which, len(known) - 1)] if known else "c_none"}

    def _say(self, who: int, event: str, payload: dict[str, Any], turns: int) -> None:
        async def saying() -> None:
            self.parties[who].say(event, payload)
            for _ in range(turns):
                await asyncio.sleep(0)

        self.run(saying())

    async def _quiet(self) -> None:
        """Wait until both are there, and have heard all there is to hear."""
        for party in self.parties:
            party.device.proxy.release()
        for _ in range(2):  # what the last words of one caused, the other has heard then
            for party in self.parties:
                await party.settled()

    def _look_around(self) -> None:
        """Both know the same of each call; what was relayed came once, in order, and all of it."""
        one, other = self.parties
        live = {call.id for call in self.stage.service.calls.live()}
        assert one.live == other.live == live, (one.calls, other.calls, live)
        for call in {*one.calls} & {*other.calls} - live:
            ends = {one.calls[call], other.calls[call]} - {"over"}
            assert len(ends) <= 1, (call, one.calls, other.calls)
        for sender, receiver in ((one, other), (other, one)):
            if self.forgot:
                sender.lost_before = len(sender.said)
            heard = receiver.heard()
            assert heard == sorted({*heard}), f"twice, or out of order: {heard}"
            for call in live:
                if receiver.takes_part(call):
                    missing = sender.relayed(call) - {*heard}
                    assert not missing, f"{missing} of {call} were lost: {heard}"
        self.forgot = False
