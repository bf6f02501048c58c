"""A user on a WebSocket, as thin as picows makes it: signs in, joins, answers pings."""

import asyncio
import json
import secrets
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from loadtest.resumable import CONFIRM_WITHIN_S, Resumable
from loadtest.tokens import token

KEY = secrets.token_hex(32)
"""What this run's tokens are signed with."""


class Guest(WSListener):
    """A connection of one user, who joins; what else it hears, `heard` does something about.

    Args:
        resumable: what it knows of a session that it takes up again on each connection; None for a
            plain session.
        key: what its token is signed with.
    """

    def __init__(self, user: str, resumable: Resumable | None = None, key: str = KEY) -> None:
        self.user = user
        self.joined = asyncio.Event()
        """Whether it has, and the service knows it (if it is resumable)."""
        self.confirms = True
        """Whether it sends `session:ack` by itself once it has joined."""
        self._resumable = resumable
        self._key = key
        self._line: WSTransport | None = None
        self._later: asyncio.TimerHandle | None = None
        self._cut = False

    def emit(self, event: str, **payload: object) -> None:
        """Send an event."""
        self._write("42" + json.dumps([event, payload]))

    def relay(self, event: str, **payload: object) -> None:
        """Send an offer, answer, candidate or signal, which arrives once."""
        if self._resumable is not None:
            payload = self._resumable.say(event, payload).payload
        self.emit(event, **payload)

    def cut(self) -> None:
        """Lose the connection, without a word to the service; nothing that it brings is heard."""
        self._cut = True
        self._stop()
        if self._line is not None:
            self._line.disconnect(graceful=False)

    async def leave(self) -> None:
        """Lose the connection, and wait until it is gone."""
        self.cut()
        if self._line is not None:
            await self._line.wait_disconnected()

    def opened(self, handshake: dict[str, int]) -> None:
        """The Engine.IO connection is open; times in milliseconds."""

    def pinged(self) -> None:
        """A heartbeat came."""

    def heard(self, event: str, payload: dict[str, Any]) -> None:
        """An event came; each once."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Connected."""
        self._line = transport
        if self._cut:
            self.cut()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """What the service says."""
        if self._cut:
            return
        if frame.msg_type is WSMsgType.TEXT:
            self._packet(frame.get_payload_as_utf8_text())
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()

    def _packet(self, text: str) -> None:
        if text.startswith("42"):
            event, *payload = json.loads(text[2:])
            self._hear(event, payload[0] if payload else {})
        elif text.startswith("43"):
            self._confirmed(json.loads(text[text.index("[") :])[0]["lastN"])
        elif text.startswith("0"):
            self.opened(json.loads(text[1:]))
            self._write("40" + json.dumps({"token": token(self.user, self._key, None, None)}))
        elif text.startswith("40"):
            resumable = self._resumable
            self.emit("user:join", **(resumable.joining if resumable else {"userId": self.user}))
        elif text == "2":
            self.pinged()
            self._write("3")

    def _write(self, text: str) -> None:
        if self._line is not None:
            self._line.send(WSMsgType.TEXT, text.encode())

    def _hear(self, event: str, payload: dict[str, Any]) -> None:
        if self._resumable is None:
            self.heard(event, payload)
            if event == "user:joined":
                self.joined.set()
        elif event == "user:joined":
            for said in self._resumable.joined(payload):
                self.emit(said.event, **said.payload)
            self._confirm()
            self.heard(event, payload)
        elif self._resumable.hear(payload):
            if self.confirms:
                self._confirm_in_time(self._resumable, event)
            self.heard(event, payload)

    def _confirm_in_time(self, resumable: Resumable, event: str) -> None:
        if resumable.is_to_confirm(event):
            self._confirm()
        elif self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(CONFIRM_WITHIN_S, self._confirm)

    def _confirm(self) -> None:
        self._stop()
        if self._resumable is not None:
            self._write("420" + json.dumps(["session:ack", self._resumable.confirm()]))

    def _confirmed(self, last_n: int) -> None:
        if self._resumable is not None:
            self._resumable.took(last_n)
        self.joined.set()

    def _stop(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
