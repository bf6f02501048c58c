"""One of the two in the random calls: it comes back whenever it is cut, and knows its calls."""

import asyncio
import contextlib
from typing import Any

from tests.resuming.stage import Device
from tests.support.outgoing import Said
from tests.support.transports import Severed

RELAYED = {
    "call:offer": "offer",
    "call:answer": "answer",
    "ice:candidate": "candidate",
    "call:signal": "data",
}
OVER = {"call:ended", "call:rejected"}


class Party:
    """A device that keeps itself connected, and all that it said."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.said: list[Said] = []
        self.lost_before = 0
        """How much of what it said may be lost, as a snapshot followed."""
        self._numbers = 0
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Come back no more."""
        self._keeping.cancel()
        await asyncio.wait([self._keeping])

    def say(self, event: str, payload: dict[str, Any]) -> None:
        """Say something, which is sent as soon as that can be."""
        if event in RELAYED:
            self._numbers += 1
            payload = {**payload, RELAYED[event]: {"number": self._numbers}}
        self.said.append(self.device.say(event, payload))

    async def settled(self) -> None:
        """Wait until all that it said was answered or confirmed, and all that it was sent came."""
        device = self.device
        while True:
            await device.until(lambda: device.there and not len(device.outgoing), "its answers")
            with contextlib.suppress(Severed):  # by a cut that was due before
                await device.probe()
                return

    @property
    def calls(self) -> dict[str, str]:
        """What it knows of each call that it has heard of: the last event, or how it ended.

        After a snapshot a call that is not in `calls` is over, whyever.
        """
        known: dict[str, str] = {}
        for event, told in self.device.log:
            if event == "user:joined":
                live = {call["callId"]: call["state"] for call in told["calls"]}
                if told["resumed"] != "replayed":
                    gone = {call: "over" for call in known if call not in live}
                    known = {**known, **gone, **live}
            elif event in OVER:
                known[told["callId"]] = f"over: {told['reason']}"
            elif "callId" in told and event != "error":
                known[told["callId"]] = "live"
        return known

    @property
    def live(self) -> set[str]:
        """The calls that are not over, as far as it knows."""
        return {call for call, state in self.calls.items() if not state.startswith("over")}

    def takes_part(self, call: str) -> bool:
        """Whether it was bound to a call by its own doing."""
        return any(told["callId"] == call for told in self.device.payloads("call:accepted"))

    def heard(self) -> list[int]:
        """What was relayed to it, in order: the numbers that the sender gave it."""
        heard = ((event, told) for event, told in self.device.log if event in RELAYED)
        return [told[RELAYED[event]]["number"] for event, told in heard]

    def relayed(self, call: str) -> set[int]:
        """The numbers of what it relayed in a call, and was told that it was taken.

        What went before a snapshot of either side may be lost.
        """
        return {
            said.payload[RELAYED[said.event]]["number"]
            for said in self.said[self.lost_before :]
            if said.event in RELAYED and said.succeeded
            if said.payload["callId"] == call
        }

    async def _keep(self) -> None:
        while True:
            if not self.device.there:
                await self.device.come_back()
            await self.device.link.over.wait()
