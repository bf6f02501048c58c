"""A user on a WebSocket, as thin as picows makes it: signs in, joins, answers pings."""

import json
import secrets

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from loadtest.tokens import token

KEY = secrets.token_hex(32)
"""What this run's tokens are signed with."""


class Guest(WSListener):
    """One user who joins; what else it hears, `heard` does something about."""

    def __init__(self, user: str) -> None:
        self.user = user
        self._line: WSTransport | None = None

    def emit(self, event: str, **payload: object) -> None:
        """Send an event."""
        if self._line is not None:
            self._line.send(WSMsgType.TEXT, b"42" + json.dumps([event, payload]).encode())

    def opened(self, handshake: dict[str, int]) -> None:
        """The Engine.IO connection is open; times in milliseconds."""

    def pinged(self) -> None:
        """A heartbeat came."""

    def heard(self, event: str, payload: dict[str, str]) -> None:
        """An event came."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Connected."""
        self._line = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """What the service says."""
        if frame.msg_type is not WSMsgType.TEXT:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.disconnect()
            return
        text = frame.get_payload_as_utf8_text()
        if text.startswith("42"):
            event, *payload = json.loads(text[2:])
            self.heard(event, payload[0] if payload else {})
        elif text.startswith("0"):
            self.opened(json.loads(text[1:]))
            auth = json.dumps({"token": token(self.user, KEY, None, None)})
            transport.send(WSMsgType.TEXT, f"40{auth}".encode())
        elif text.startswith("40"):
            self.emit("user:join", userId=self.user)
        elif text == "2":
            self.pinged()
            transport.send(WSMsgType.TEXT, b"3")
