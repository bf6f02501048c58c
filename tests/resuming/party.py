"""One device in the random calls: it comes back whenever it is cut, and knows its calls."""

import asyncio
import contextlib
from typing import Any

from tests.resuming.knowledge import RELAYED, Knowledge, Known
from tests.resuming.stage import Device
from tests.support.outgoing import Said
from tests.support.transports import Severed


class Party:
    """A device that keeps itself connected, and all that it said."""

    gone = False

    def __init__(self, device: Device, name: int) -> None:
        self.device = device
        self.name = name
        self.said: list[Said] = []
        self.lost_before = 0
        """How much of what it said may be lost, as somebody came back by a snapshot."""
        self._numbers = 0
        self._knowledge = Knowledge(device.user)
        self._learnt = 0
        self._keeping = asyncio.create_task(self._keep())
        self._keeping.add_done_callback(self._kept)

    async def close(self) -> None:
        """Come back no more, and leave."""
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        if self.device.there:
            await self.device.leave()

    @property
    def session(self) -> str:
        """Its session's id."""
        return self.device.session or ""

    @property
    def knowledge(self) -> Knowledge:
        """What it knows by now."""
        for event, told in self.device.log[self._learnt :]:
            self._knowledge.hear(event, told)
        self._learnt = len(self.device.log)
        return self._knowledge

    @property
    def live(self) -> set[str]:
        """The calls that are not over, as far as it knows."""
        return {call for call, known in self.knowledge.calls.items() if known.over is None}

    @property
    def snapshots(self) -> int:
        """How often it began anew."""
        return sum(one["resumed"] != "replayed" for one in self.device.payloads("user:joined"))

    def say(self, event: str, payload: dict[str, Any], stale: int = 0) -> None:
        """Say something, which is sent as soon as that can be; a relay perhaps too late by far."""
        if event in RELAYED:
            self._numbers += 1
            known = self.knowledge.calls.get(payload["callId"], Known())
            generation = max(0, known.generation - stale)
            body = {"by": self.name, "number": self._numbers, "generation": generation}
            payload = {**payload, RELAYED[event]: body, "generation": generation}
        self.said.append(self.device.say(event, payload))

    def report(self, call_id: str, state: str) -> None:
        """Tell how its media fare, if it is there."""
        self.device.emit("call:media", {"callId": call_id, "state": state})

    async def reload(self) -> None:
        """Be a page that is loaded anew, and begins new RTCPeerConnections."""
        await self.device.cut()
        self.device.reload()

    async def settled(self) -> None:
        """Wait until all that it said was answered or confirmed, and all that it was sent came."""
        device = self.device
        while True:
            await device.until(lambda: device.there and not len(device.outgoing), "its answers")
            with contextlib.suppress(Severed):  # by a cut that was due before
                await device.probe()
                return

    def taken(self, call: str, generation: int) -> set[int]:
        """The numbers of what it relayed, and was told that it was taken."""
        return {
            said.payload[RELAYED[said.event]]["number"]
            for said in self.said[self.lost_before :]
            if said.event in RELAYED and said.succeeded
            if (said.payload["callId"], said.payload["generation"]) == (call, generation)
        }

    def heard_from(self, sender: "Party") -> list[int]:
        """The numbers of what another one relayed to it, in order."""
        return [one["number"] for one in self.knowledge.heard if one["by"] == sender.name]

    async def _keep(self) -> None:
        while True:
            if not self.device.there:
                await self.device.come_back()
            await self.device.link.over.wait()

    def _kept(self, keeping: asyncio.Task[None]) -> None:
        """Only who leaves comes back no more."""
        if not keeping.cancelled():
            self.device.faults.append(f"{self.name}: {keeping.exception()!r}")
