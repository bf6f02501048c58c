"""A user's session that outlives its connections, over Locust's Socket.IO client."""

import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from gevent.event import AsyncResult, Event
from locust.contrib.socketio import SocketIOClient

from loadtest.line import PATIENCE_S, Line, Trouble, succeeded
from loadtest.resumable import CONFIRM_WITHIN_S, Resumable, Said

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""As SO_LINGER (socket(7)): closing sends a RST, and what still waits to be sent is lost."""


class ResumableLine(Line):
    """A session that is taken up again on each connection; nothing said is lost meanwhile.

    Args:
        back: told of each return, by its `user:joined`, and of how many seconds it took.
    """

    def __init__(
        self, sio: SocketIOClient, user: str, back: Callable[[dict[str, Any], float], None]
    ) -> None:
        super().__init__(sio, user)
        self._back = back
        self._session = Resumable(user)
        self._answers: dict[Said, AsyncResult] = {}
        self._there = Event()
        self._lost_at: float | None = None
        self._later: gevent.Greenlet | None = None
        sio.on("connect", self._connected)

    def cut(self) -> None:
        """Lose the connection, if there is one, at once and without a word to the service."""
        if self._there.is_set() and self.sio.connected:
            self._there.clear()
            self._lost_at = time.perf_counter()
            websocket = self.sio.eio.ws
            websocket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            websocket.shutdown()

    def join(self) -> None:
        """Wait until the session is there: it joins by itself on each connection."""
        if not self._there.wait(PATIENCE_S):
            raise Trouble("user:join: no answer")

    def ask(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Say something, and wait for its answer on this connection or a later one."""
        said = self._session.say(event, payload)
        answer = self._answers[said] = AsyncResult()
        try:
            with self.sio.request_event.measure("WSC", event):
                self._send_if_there(said)
                return succeeded(event, answer.get(timeout=PATIENCE_S))
        except gevent.Timeout:
            raise Trouble(f"{event}: no answer") from None
        finally:
            self._answers.pop(said, None)
            self._session.answered(said)

    def relay(self, event: str, payload: dict[str, Any]) -> None:
        """Send it now, or as soon as the session is there again."""
        self._send_if_there(self._session.say(event, payload))

    def hear(self, event: str, payload: dict[str, Any]) -> bool:
        """Take an event in, and confirm it in time."""
        if event == "user:joined":
            self._joined(payload)
            return True
        if not self._session.hear(payload):
            return False
        if self._session.is_to_confirm(event):
            self._confirm()
        elif self._later is None:
            self._later = gevent.spawn_later(CONFIRM_WITHIN_S, self._confirm_late)
        return True

    def leave(self) -> None:
        """Come back first, so that the session does not wait for this client in vain."""
        self._there.wait(PATIENCE_S)
        super().leave()

    def lost(self) -> bool:
        """What waits is said again on the next connection; Socket.IO opens it."""
        cut = self._lost_at is not None
        self._there.clear()
        self._lost_at = self._lost_at or time.perf_counter()
        self._stop()
        return cut

    def _connected(self) -> None:
        self.sio.emit("user:join", self._session.joining, callback=partial(succeeded, "user:join"))

    def _joined(self, greeting: dict[str, Any]) -> None:
        for said in self._session.joined(greeting):
            self._send(said)
        self._confirm()
        self._there.set()
        if self._lost_at is not None:
            took_s, self._lost_at = time.perf_counter() - self._lost_at, None
            self._back(greeting, took_s)

    def _send_if_there(self, said: Said) -> None:
        if self._there.is_set():
            self._send(said)

    def _send(self, said: Said) -> None:
        answered = None if said.n else partial(self._answered, said)
        self.sio.emit(said.event, said.payload, callback=answered)

    def _answered(self, said: Said, answer: dict[str, Any]) -> None:
        if said in self._answers:
            self._answers[said].set(answer)

    def _confirm(self) -> None:
        self._stop()
        self.sio.emit(
            "session:ack",
            self._session.confirm(),
            callback=lambda answer: self._session.took(answer["lastN"]),
        )

    def _confirm_late(self) -> None:
        self._later = None  # this greenlet, which is not to be stopped
        self._confirm()

    def _stop(self) -> None:
        later, self._later = self._later, None
        if later is not None:
            later.kill(block=False)
