"""The frames of one WebSocket: which may come in, and how it ends.

Leaned on, and held by tests/transport/test_contract.py: `AsyncSocket.queue`, `.last_ping`,
`.upgrading`, `.upgraded`; that a WebSocket driver is given the socket's bound
`_websocket_handler`, whose writer ends at a None in the queue by closing the driver; and that
ASGI's `send` is a method of uvicorn's protocol, which has the `transport`.
"""

import asyncio
import contextlib
from typing import Any

from engineio.async_drivers import asgi

from service.transport.line import FAILED, RULE_OF
from service.transport.waiting import SHARE
from service.wire.rules import Rule

POLICY_VIOLATION = 1008
"""WebSocket close code (RFC 6455, 7.4.1) for a peer that breaks the protocol."""
GOING_AWAY = 1001
NORMAL_CLOSURE = 1000
UPGRADE_WITHIN_S = 10
"""How long a WebSocket may take to replace polling, from its handshake on; else polling goes on."""
_LAST_WORDS_S = 0.5
"""How long a client has to take what was queued for it before it is cut."""


class Frames(asgi.WebSocket):  # type: ignore[misc]
    """The libraries' WebSocket driver, which lets only well-formed frames through."""

    waiting = 0
    """What waits is uvicorn's: little, for it reads on when all is taken."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self._socket = handler.__self__
        self._engine = server.ringline
        self._scope: dict[str, Any] = {}
        self._probed = False
        self._upgrade_by = asyncio.get_running_loop().time() + UPGRADE_WITHIN_S
        self._code = NORMAL_CLOSURE
        self._closed = asyncio.Event()

    async def __call__(self, environ: dict[str, Any]) -> str:
        """Serve the WebSocket until it closes."""
        self._socket.frames, self._scope = self, environ["asgi.scope"]
        if self._socket.wire.known:
            self.known()
        try:
            return str(await super().__call__(environ))
        finally:
            self._socket.frames = None
            self._socket.upgrading = False  # a probe that failed: polling goes on
            if self._socket.polling is not None:
                self._socket.polling.settled()

    def known(self) -> None:
        """The client's token has been found good."""
        self._scope["extensions"][SHARE].spare()

    async def wait(self) -> str:
        """The next frame; raises `OSError` when the WebSocket is over."""
        if self._socket.upgrading:
            return await self._upgrade()
        frame: object = None
        with contextlib.suppress(OSError):
            frame = await super().wait()
            self._socket.heard = asyncio.get_running_loop().time()
        rule = self._rule_against(frame)
        if isinstance(frame, str) and rule is None:
            return frame
        if rule is not None:
            self._code = POLICY_VIOLATION
            if ending := self._engine.broken(self._socket.sid, rule):
                await ending
        raise OSError("the connection is over")

    def _rule_against(self, frame: object) -> Rule | None:
        if frame is None:  # the connection is gone, maybe because its client broke RFC 6455
            return RULE_OF.get(self._scope.get(FAILED, 0))
        if not isinstance(frame, str):
            return Rule.BINARY
        if acceptable(frame) and (frame != "3" or self._socket.last_ping is not None):
            return None
        return rule_against(frame)

    async def _upgrade(self) -> str:
        """A probe, then the upgrade (Engine.IO v4, "Upgrade"); all else closes this WebSocket."""
        frame: object = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._upgrade_by):
                frame = await super().wait()
        if frame == "2probe" and not self._probed:
            self._probed = True
            self._socket.polling.probed()
            return "2probe"
        if frame == "5" and self._probed:
            self._socket.polling.settled()
            return "5"
        if frame is not None:
            self._code = POLICY_VIOLATION
            self._engine.violated(self._socket.sid, Rule.UPGRADE)
        await self.close()
        raise OSError("no upgrade")

    async def close(self) -> None:
        """Send the close frame, once; the reading side then ends by itself."""
        if not self._closed.is_set() and self.asgi_send is not None:
            self._closed.set()
            # Gone already, or uvicorn has closed it for breaking RFC 6455.
            with contextlib.suppress(OSError, RuntimeError):
                await self.asgi_send({"type": "websocket.close", "code": self._code})

    async def finish(self, code: int) -> None:
        """Have all that is queued written, then the close frame; drop who does not read."""
        self._code = code
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                if self._socket.upgraded:
                    self._socket.queue.put_nowait(None)  # the writer's end
                    await self._closed.wait()
                else:
                    await self.close()
        except TimeoutError:
            self.asgi_send.__self__.transport.abort()


def acceptable(frame: str) -> bool:
    """Whether a client may send this Engine.IO v4 packet: text, of a known kind, not empty.

    A message begins with a digit: what else there is, the libraries would parse as JSON.
    """
    return (frame[:1] == "4" and "0" <= frame[1:2] <= "9") or frame in {"1", "3"}


def rule_against(frame: str) -> Rule:
    """The rule that a frame breaks which no client may send now."""
    if frame == "3":
        return Rule.PONG
    return Rule.BINARY if frame.startswith("b") else Rule.ENGINE_PACKET
