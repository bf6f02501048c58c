"""A signed-in client: what it asks and is told, each reported to Locust as it happens."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.queue import Empty, Queue
from locust.clients import HttpSession
from locust.contrib.socketio import SocketIOUser
from locust.env import Environment
from locust.exception import StopUser

from loadtest import media
from loadtest.measures import RELAY, Measure
from loadtest.tokens import token

PATIENCE_S = 10.0
"""How long anything may take that the service does at once."""

_RELAYED = ("call:offer", "call:answer", "ice:candidate")


class Trouble(Exception):
    """Something that should have come did not, or was refused; it ends the call, and counts."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event from the service, and when it came (`time.perf_counter`)."""

    event: str
    payload: dict[str, Any]
    at: float


class Phone(SocketIOUser):
    """Signs in with a token of its own, joins, and fetches ICE servers."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.name = f"load-{uuid.uuid4().hex[:12]}"
        self.candidates = 0
        self.disconnected = False
        self._heard: Queue[Heard] = Queue()
        self.sio.on("*", self._hear)
        self.sio.on("disconnect", self._gone)

    def on_start(self) -> None:
        """Connect and join.

        Raises:
            StopUser: this did not succeed; Locust has the failure.
        """
        assert self.host is not None
        bearer = self._token()
        self.sio.connect(
            self.host, auth={"token": bearer}, transports=["websocket"], wait_timeout=PATIENCE_S
        )
        if not self.sio.connected:
            raise StopUser
        try:
            self.ask("user:join", {"userId": self.name})
        except Trouble as trouble:
            self.failed("user:join", trouble)
            raise StopUser from trouble
        http = HttpSession(self.host, self.environment.events.request, self)
        http.get("/v1/ice", headers={"Authorization": f"Bearer {bearer}"}, timeout=PATIENCE_S)

    def on_stop(self) -> None:
        """Leave."""
        self.disconnected = True
        self.sio.disconnect()

    def ask(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send an event and wait for its acknowledgement.

        Raises:
            Trouble: it was refused, or nothing came.
        """
        answer = self.sio.call(event, payload, timeout=PATIENCE_S)
        if not isinstance(answer, dict) or not answer.get("ok"):
            code = answer["error"]["code"] if isinstance(answer, dict) else "no answer"
            raise Trouble(f"{event}: {code}")
        return answer

    def next(self, *events: str, patience_s: float = PATIENCE_S) -> Heard | None:
        """The next of these events, passing over others; None if none comes."""
        deadline = time.monotonic() + patience_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                heard: Heard = self._heard.get(timeout=left)
            except Empty:
                break
            if heard.event in events:
                return heard
        return None

    def expect(self, event: str, patience_s: float = PATIENCE_S) -> Heard:
        """The next of this event.

        Raises:
            Trouble: it does not come, or the call ends first.
        """
        heard = self.next(event, "call:ended", patience_s=patience_s)
        if heard is None:
            raise Trouble(f"no {event} came")
        if heard.event != event:
            raise Trouble(f"no {event} came, but {heard.event}: {heard.payload.get('reason')}")
        return heard

    def describe(self, kind: str, call: dict[str, Any], call_type: str) -> None:
        """Send an offer or answer of a call, then trickle candidates."""
        body = media.description("offer" if kind == "offer" else "answer", call_type)
        self.sio.emit(f"call:{kind}", {kind: body, **call})
        for number in range(media.CANDIDATES):
            gevent.sleep(0.02)
            self.sio.emit("ice:candidate", {"candidate": media.candidate(number), **call})

    def forget(self) -> None:
        """Pass over all that has come so far; a new call begins."""
        self.candidates = 0
        while not self._heard.empty():
            self._heard.get_nowait()

    def measured(self, measure: Measure, took_ms: float) -> None:
        """Report what took so long."""
        self._report(measure, took_ms, None)

    def failed(self, name: str, trouble: Exception) -> None:
        """Report what went wrong."""
        self._report(Measure("call", name), 0, trouble)

    def _report(self, measure: Measure, took_ms: float, wrong: Exception | None) -> None:
        fire: Callable[..., None] = self.environment.events.request.fire
        fire(
            request_type=measure.kind,
            name=measure.name,
            response_time=took_ms,
            response_length=0,
            exception=wrong,
            context={},
        )

    def _hear(self, event: str, payload: dict[str, Any]) -> None:
        now = time.perf_counter()
        self.sio.on_message(event, str(payload))
        if event in _RELAYED:
            self.measured(RELAY, media.age_ms(payload))
        if event == "ice:candidate":
            self.candidates += 1
        else:
            self._heard.put(Heard(event, payload, now))

    def _gone(self, reason: str) -> None:
        if not self.disconnected:
            self.failed("connection", Trouble(f"lost: {reason}"))

    def _token(self) -> str:
        options = self.environment.parsed_options
        assert options is not None
        return token(self.name, options.key, options.issuer, options.audience)
