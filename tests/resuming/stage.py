"""A running service and resumable clients, each behind a proxy of its own that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from service.sessions.directory import Directory
from service.sessions.resumable_session import ResumableSession
from tests.protocol.sdp import ANSWER
from tests.support.resumable import Resumable
from tests.support.service import MovableClock, TestService, running
from tests.support.severable import DOWN, Severable, severable
from tests.support.transports import Severed
from tests.support.waiting import until


class Device(Resumable):
    """A client that has its network in its hands."""

    def __init__(self, proxy: Severable, user: str, kind: str, **fields: Any) -> None:
        super().__init__(proxy.port, user, kind, **fields)
        self.proxy = proxy

    async def cut(self) -> None:
        """Reset its connection; it has noticed then, and the service will."""
        while not self.link.over.is_set():
            self.proxy.cut()  # once more for the poll that was just being opened
            await asyncio.sleep(0.01)


class Stage:
    """The service, and who is there."""

    def __init__(self, service: TestService, stack: AsyncExitStack) -> None:
        self.service = service
        self._stack = stack

    async def device(self, user: str, kind: str = "websocket", **fields: Any) -> Device:
        """A client that has not joined yet."""
        proxy = await self._stack.enter_async_context(severable(self.service.port))
        device = Device(proxy, user, kind, **fields)
        self._stack.push_async_callback(device.close)
        return device

    async def join(self, user: str, kind: str = "websocket", **fields: Any) -> Device:
        """A client that has joined."""
        device = await self.device(user, kind, **fields)
        assert (await device.join())["resumed"] == "none"
        return device

    async def call(self, caller: Device, callee: Device) -> str:
        """A call that rings at `callee`; its id."""
        answer = await caller.done("call:initiate", {"to": callee.user, "callType": "video"})
        await callee.next("call:incoming")
        await caller.next("call:ringing")
        return str(answer["callId"])

    async def accepted(self, caller: Device, callee: Device) -> str:
        """A call that `callee` has accepted; its id."""
        call_id = await self.call(caller, callee)
        await callee.done("call:accept", {"callId": call_id})
        for device in (caller, callee):
            await device.next("call:accepted")
        return call_id

    async def connected(self, caller: Device, callee: Device) -> str:
        """A call whose first answer has been relayed; its id."""
        call_id = await self.accepted(caller, callee)
        await callee.done("call:answer", {"callId": call_id, "answer": ANSWER})
        await caller.next("call:answer")
        return call_id

    def session(self, device: Device) -> ResumableSession | None:
        """What the node has of a device's session."""
        sessions = self.service.node.tables["sessions"]
        assert isinstance(sessions, Directory)
        session = sessions.get(device.session or "")
        assert session is None or isinstance(session, ResumableSession)
        return session

    async def away(self, device: Device) -> None:
        """Cut a WebSocket, and wait until the node has noticed."""
        await device.cut()
        await until(lambda: not (one := self.session(device)) or one.detached, "it to be noticed")

    async def join_unheard(self, device: Device) -> None:
        """Have a device come back whose `user:joined` is lost with its connection."""
        await device.connect()
        device.proxy.hold(DOWN)
        coming = asyncio.ensure_future(device.join())

        def back() -> bool:
            session = self.session(device)
            return session is not None and session.attachment.socket_id == device.link.sid

        await until(back, "the node to have it back")
        await device.cut()
        with pytest.raises(Severed):
            await coming


@asynccontextmanager
async def staged(clock: MovableClock | None = None, **settings: Any) -> AsyncIterator[Stage]:
    """A service with these settings, and nobody there yet."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(running(None, clock, **settings))
        yield Stage(service, stack)
