"""Two people in a call, who have nothing to do with the attack: how late they hear each other."""

import asyncio
import contextlib
import time

from picows import WSTransport, ws_connect

from loadtest.guest import Guest
from loadtest.media import description

EVERY_S = 0.02
_WITHIN_S = 20.0
_PATIENCE_S = 30.0


class Bystanders:
    """A call with a message every 20 ms, whatever became of the one before."""

    def __init__(self) -> None:
        self.lost = ""
        """What became of the call, if it did not go on."""
        self._caller = Bystander("bystander-1", self)
        self._callee = Bystander("bystander-2", self)
        self._connected = asyncio.Event()
        self._heard = asyncio.Event()
        self._sent: list[float] = []
        self._came: list[float] = []

    async def connect(self, url: str) -> None:
        """Have one call the other, up to the answer."""
        async with asyncio.timeout(_WITHIN_S):
            for one in (self._callee, self._caller):
                await ws_connect(lambda one=one: one, url)
                await one.joined.wait()
            self._caller.emit("call:initiate", to=self._callee.user, callType="audio")
            await self._connected.wait()

    async def talk(self) -> None:
        """Send, until cancelled."""
        begun = time.monotonic()
        while True:
            number = len(self._sent)
            self._sent.append(time.monotonic())
            self._caller.emit("call:signal", callId=self._caller.call_id, data=number)
            await asyncio.sleep(max(0.0, begun + len(self._sent) * EVERY_S - time.monotonic()))

    async def settled(self) -> None:
        """Wait until all has come that was sent, or will not come any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                while len(self._came) < len(self._sent) and not self.lost:
                    self._heard.clear()
                    await self._heard.wait()

    def late(self) -> list[float]:
        """How long each message took, in seconds, ordered; and begin anew.

        One that has not come has taken until now.
        """
        now = time.monotonic()
        came = self._came + [now] * (len(self._sent) - len(self._came))
        taken = sorted(at - sent for at, sent in zip(came, self._sent, strict=True))
        self._sent, self._came = [], []
        return taken

    def heard(self, one: "Bystander", event: str, payload: dict[str, str]) -> None:
        """What follows from an event of the service."""
        match event:
            case "call:incoming":
                one.emit("call:accept", callId=payload["callId"])
            case "call:accepted" if one is self._caller:
                one.call_id = payload["callId"]
                one.emit("call:offer", callId=one.call_id, offer=description("offer", "audio"))
            case "call:offer":
                answer = description("answer", "audio")
                one.emit("call:answer", callId=payload["callId"], answer=answer)
            case "call:answer":
                self._connected.set()
            case "call:signal":
                self._came.append(time.monotonic())
                self._heard.set()
            case "error" | "call:ended":
                self.lose(f"{event} {payload.get('code') or payload.get('reason')}")

    def lose(self, why: str) -> None:
        """The call does not go on."""
        self.lost = self.lost or why
        self._heard.set()


class Bystander(Guest):
    """One of the two."""

    def __init__(self, user: str, pair: Bystanders) -> None:
        super().__init__(user)
        self.call_id = ""
        self._pair = pair

    def heard(self, event: str, payload: dict[str, str]) -> None:
        """As the pair has it."""
        self._pair.heard(self, event, payload)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Nobody should be cut."""
        del transport
        self._pair.lose("a bystander was cut")
