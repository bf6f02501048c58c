"""A user's plain session, over Locust's Socket.IO client."""

from typing import Any

import gevent
from locust.contrib.socketio import SocketIOClient

PATIENCE_S = 10.0
"""How long anything may take that the service does at once."""


class Trouble(Exception):
    """Something that should have come did not, or was refused; it ends the call, and counts."""


class Line:
    """A plain session: it ends with its connection."""

    def __init__(self, sio: SocketIOClient, user: str) -> None:
        self.sio = sio
        self.user = user

    def join(self) -> None:
        """Join, once there is a connection.

        Raises:
            Trouble: it was refused, or nothing came.
        """
        self.ask("user:join", {"userId": self.user})

    def ask(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send an event and wait for its acknowledgement.

        Raises:
            Trouble: it was refused, or nothing came.
        """
        return succeeded(event, self.sio.call(event, payload, timeout=PATIENCE_S))

    def relay(self, event: str, payload: dict[str, Any]) -> None:
        """Send an offer, answer or candidate."""
        self.sio.emit(event, payload)

    def hear(self, event: str, payload: dict[str, Any]) -> bool:
        """Take an event in; whether it is new."""
        del event, payload
        return True

    def leave(self) -> None:
        """End the session, and the connection, if there is one."""
        if self.sio.connected:
            # With gevent, `disconnect` closes the WebSocket before its own DISCONNECT has gone.
            self.sio.eio.send("1")
            gevent.sleep(0)
        self.sio.shutdown()

    def lost(self) -> bool:
        """The connection is gone; whether that was on purpose."""
        return False


def succeeded(event: str, answer: Any) -> dict[str, Any]:
    """An answer, if it says so.

    Raises:
        Trouble: it is a refusal, or nothing.
    """
    if isinstance(answer, dict) and answer.get("ok"):
        return answer
    raise Trouble(
        f"{event}: {answer['error']['code'] if isinstance(answer, dict) else 'no answer'}"
    )
