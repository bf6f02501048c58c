"""Users, devices, networks and time against a running node; what holds whatever they do."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from service.stores import Stores, open_stores
from tests.stateful.device import Device
from tests.stateful.end import check, look_around, quiet
from tests.stateful.latency import late_stores
from tests.stateful.witness import RELAYED
from tests.support.service import TestService, alone, running

USERS = ("alice", "bob", "carol", "dave")
MOST_DEVICES = 3
TALKING = ("call:accepted", *RELAYED, "call:media")

Outcome = TypeVar("Outcome")
users = st.sampled_from((*USERS, *USERS[:2]))
picks = st.integers(0, 11)
calls = st.sampled_from([0, 0, 0, 0, 1, 2])
turns = st.sampled_from([0, 0, 0, 2, 5, 10, 20])
asking = st.sampled_from([True, True, False])


class Calling(RuleBasedStateMachine):
    """Devices say what they like and wait for nothing, unless a rule says so."""

    late_stores = False

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.services: list[TestService] = []
        self.serving = AsyncExitStack()
        self.devices: list[Device] = []
        self.requests = 0
        self.joining = False

    def run(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        return self.runner.run(work)

    @property
    def present(self) -> list[Device]:
        return [device for device in self.devices if not device.gone]

    def pick(self, number: int, *last: str) -> Device:
        """One of those present, rather one to which some call has come to one of these events."""
        apt = [device for device in self.present if number % 5 and device.knows_as(*last)]
        among = apt or self.present
        return among[number % len(among)]

    def call_of(self, device: Device, which: int) -> str:
        """A call that the device knows; else one that somebody knows; else none at all."""
        known = device.calls or [call for one in self.devices for call in one.calls]
        return known[which % len(known)] if known else "c_none"

    def say(
        self, device: Device, event: str, payload: dict[str, Any], *, ask: bool = True,
        turns: int = 0,
    ) -> None:  # fmt: skip
        async def saying() -> None:
            await device.say(event, payload, ask=ask)
            for _ in range(turns):
                await asyncio.sleep(0)

        self.run(saying())

    @initialize(call_waiting=st.booleans(), glare=st.booleans(), seed=st.integers(0, 9_999))
    def start(self, call_waiting: bool, glare: bool, seed: int) -> None:  # noqa: FBT001
        stores = late_stores(seed) if self.late_stores else open_stores()
        self.run(self.serve(stores, seed, call_waiting=call_waiting, rate_limit_scale=10_000))
        for user in ("alice", "bob", "bob", "carol"):
            self.join(user, glare=glare, home=len(self.devices))
        self.become_quiet()

    async def serve(self, stores: Stores, seed: int, **settings: Any) -> None:
        """Have the node run, or the nodes."""
        del seed
        self.services = [await self.serving.enter_async_context(running(alone(stores), **settings))]

    def travelling(self) -> int:
        """How much is on its way between nodes."""
        return 0

    @rule(user=users, glare=st.booleans(), home=st.integers(0, 1))
    def join(self, user: str, glare: bool, home: int) -> None:  # noqa: FBT001
        if sum(device.user == user for device in self.present) < MOST_DEVICES:
            service = self.services[home % len(self.services)]
            joining = Device.join(service, user, glare=glare)
            self.devices.append(self.run(joining))
            self.joining = True

    @precondition(lambda self: self.present)
    @rule(who=picks, politely=st.booleans())
    def leave(self, who: int, politely: bool) -> None:  # noqa: FBT001
        self.run(self.pick(who).drop(politely=politely))

    @precondition(lambda self: self.present)
    @rule(who=picks, to=users, kind=st.sampled_from(["audio", "video"]), ask=asking, turns=turns)
    def initiate(self, who: int, to: str, kind: str, ask: bool, turns: int) -> None:  # noqa: FBT001
        fields = {"to": to, "callType": kind}
        self.say(self.pick(who), "call:initiate", fields, ask=ask, turns=turns)

    @precondition(lambda self: self.present)
    @rule(who=picks, to=users, again=st.integers(2, 3))
    def initiate_again_and_again(self, who: int, to: str, again: int) -> None:
        self.requests += 1
        fields = {"to": to, "callType": "audio", "requestId": f"r{self.requests}"}
        for _ in range(again):
            self.say(self.pick(who), "call:initiate", fields)

    @precondition(lambda self: self.present)
    @rule(who=picks, which=calls, ask=asking, turns=turns)
    def accept(self, who: int, which: int, ask: bool, turns: int) -> None:  # noqa: FBT001
        device = self.pick(who, "call:incoming")
        fields = {"callId": self.call_of(device, which)}
        self.say(device, "call:accept", fields, ask=ask, turns=turns)

    @precondition(lambda self: self.present)
    @rule(who=picks, to=users, turns=turns)
    def talk(self, who: int, to: str, turns: int) -> None:
        """A call that is answered, if it can be, and its description."""
        caller = self.pick(who)
        self.say(caller, "call:initiate", {"to": to, "callType": "audio"})
        self._relay_one(caller, 0, "offer", ask=True, turns=0)
        self.become_quiet()
        callees = [device for device in self.present if device.knows_as("call:incoming")]
        for callee in callees[:2]:
            self.say(callee, "call:accept", {"callId": callee.calls[0]}, turns=turns)
            self._relay_one(callee, 0, "answer", ask=True, turns=turns)

    @precondition(lambda self: self.present)
    @rule(which=calls)
    def everybody_accepts(self, which: int) -> None:
        for device in self.present:
            self.say(device, "call:accept", {"callId": self.call_of(device, which)})

    @precondition(lambda self: self.present)
    @rule(who=picks, which=calls, scope=st.sampled_from(["user", "device"]), turns=turns)
    def reject(self, who: int, which: int, scope: str, turns: int) -> None:
        device = self.pick(who, "call:incoming")
        fields = {"callId": self.call_of(device, which), "scope": scope}
        self.say(device, "call:reject", fields, turns=turns)

    @precondition(lambda self: self.present)
    @rule(who=picks, which=calls, turns=turns)
    def end(self, who: int, which: int, turns: int) -> None:
        device = self.pick(who, *TALKING, "call:ringing", "call:incoming")
        self.say(device, "call:end", {"callId": self.call_of(device, which)}, turns=turns)

    @precondition(lambda self: self.present)
    @rule(
        who=picks,
        which=calls,
        what=st.lists(
            st.sampled_from(["offer", "answer", "candidate", "candidate", "data", "media"]),
            min_size=1,
            max_size=8,
        ),
        ask=asking,
        turns=turns,
    )
    def relay(self, who: int, which: int, what: list[str], ask: bool, turns: int) -> None:  # noqa: FBT001
        device = self.pick(who, *TALKING, "call:ringing")
        for one in what:
            self._relay_one(device, which, one, ask=ask, turns=turns)

    def _relay_one(self, device: Device, which: int, what: str, *, ask: bool, turns: int) -> None:
        names = {"candidate": "ice:candidate", "data": "call:signal", "media": "call:media"}
        fields: dict[str, Any] = {"callId": self.call_of(device, which)}
        if what == "media":
            fields["state"] = "connected"
        else:
            fields[what] = {"n": device.number(), "by": id(device)}
        self.say(device, names.get(what, f"call:{what}"), fields, ask=ask, turns=turns)

    @precondition(lambda self: self.present)
    @rule(who=picks, whom=st.sets(st.sampled_from(USERS)), stop=st.booleans())
    def watch(self, who: int, whom: set[str], stop: bool) -> None:  # noqa: FBT001
        device = self.pick(who)
        event = "user:unwatch" if stop else "user:watch"
        device.watching = device.watching - whom if stop else device.watching | whom
        self.say(device, event, {"userIds": sorted(whom)})

    @precondition(lambda self: self.present)
    @rule(who=picks, whom=users)
    def ask_status(self, who: int, whom: str) -> None:
        self.say(self.pick(who), "user:status", {"userId": whom})

    @rule(seconds=st.sampled_from([46, 31, 5]))
    def let_time_pass(self, seconds: int) -> None:
        if self.joining:  # who takes so long to join is cut, and that is another story
            self.become_quiet()
        self.run(self.services[0].advance(seconds))

    @rule()
    def become_quiet(self) -> None:
        self.joining = False
        self.run(quiet(self.services, self.devices, self.travelling))
        look_around(self.services, self.devices)

    def teardown(self) -> None:
        try:
            try:
                self.run(check(self.services, self.devices, self.travelling))
            finally:
                self.run(self.serving.aclose())
        finally:
            self.runner.close()
