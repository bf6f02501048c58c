"""A call between the two users of a probe."""

import secrets
from typing import Any

from service.cli.probe.client import Client
from service.cli.probe.failures import StepFailed


class Conversation:
    """One call, from the initiate to its end. Each method raises `StepFailed`."""

    def __init__(self, caller: Client, callee: Client) -> None:
        self.caller = caller
        self.callee = callee
        self._call: dict[str, str] = {}

    async def place(self) -> None:
        """Initiate, ring, accept, offer and answer."""
        wish = {"to": self.callee.user, "callType": "audio"}
        begun = await self.caller.request("call:initiate", wish)
        self._call = {"callId": begun["callId"]}
        await self.callee.first("call:incoming")
        await self.callee.request("call:accept", self._call)
        await self.caller.first("call:accepted")
        await self._pass(self.caller, self.callee, "call:offer", "offer", _sdp("offer"))
        await self._pass(self.callee, self.caller, "call:answer", "answer", _sdp("answer"))

    async def relay(self) -> None:
        """Send a candidate each way."""
        for sender, receiver in ((self.caller, self.callee), (self.callee, self.caller)):
            await self._pass(sender, receiver, "ice:candidate", "candidate", _candidate())

    async def hang_up(self) -> None:
        """End the call; both sides must hear of it."""
        call, self._call = self._call, {}
        answer = await self.caller.request("call:end", call)
        heard = await self.callee.first("call:ended")
        for reason in (answer["reason"], heard["reason"]):
            if reason != "completed":
                raise StepFailed(f"the call had ended already: {reason}")

    async def abandon(self) -> None:
        """End the call if it has not ended, without waiting for an answer."""
        if self._call:
            await self.caller.emit("call:end", self._call)

    async def _pass(
        self, sender: Client, receiver: Client, event: str, field: str, content: object
    ) -> None:
        await sender.request(event, {**self._call, field: content})
        if (await receiver.first(event))[field] != content:
            raise StepFailed(f"{event} arrives altered")


def _sdp(kind: str) -> dict[str, Any]:
    return {"type": kind, "sdp": f"v=0\r\ns={secrets.token_hex(8)}\r\n"}


def _candidate() -> dict[str, Any]:
    # An address for documentation (RFC 5737), to which nothing is sent.
    line = f"candidate:{secrets.randbelow(2**31)} 1 udp 2113937151 192.0.2.1 9 typ host"
    return {"candidate": line, "sdpMid": "0"}
