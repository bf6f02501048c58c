"""A signed-in client: what it asks and is told, each reported to Locust as it happens."""

import random
import time
import uuid
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.queue import Empty, Queue
from locust.clients import HttpSession
from locust.contrib.socketio import SocketIOUser
from locust.env import Environment
from locust.exception import StopUser

from loadtest import media
from loadtest.line import PATIENCE_S, Line, Trouble
from loadtest.measures import BY_NOBODY, RELAY
from loadtest.report import Report
from loadtest.resumable_line import ResumableLine
from loadtest.tokens import token

_RELAYED = ("call:offer", "call:answer", "ice:candidate")
_BY_SOMEBODY = frozenset({"completed", "cancelled", "rejected", "no_answer"})


@dataclass(frozen=True, slots=True)
class Heard:
    """An event from the service, and when it came (`time.perf_counter`)."""

    event: str
    payload: dict[str, Any]
    at: float


class Phone(SocketIOUser):
    """Signs in with a token of its own, joins, and fetches ICE servers.

    `--resumable` of them have a session that outlives its connections, and lose these at random.
    """

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        options = environment.parsed_options
        assert options is not None
        self.name = f"load-{uuid.uuid4().hex[:12]}"
        self.candidates = 0
        self.disconnected = False
        self.report = Report(environment, self.name)
        self._heard: Queue[Heard] = Queue()
        self._cutting: gevent.Greenlet | None = None
        self.line: Line = Line(self.sio, self.name)
        if random.random() < options.resumable:  # noqa: S311 - no secret
            self.line = ResumableLine(self.sio, self.name, self._came_back)
            self._cutting = gevent.spawn(self._cut, self.line, options.drops)
        self.sio.on("*", self._hear)
        self.sio.on("disconnect", self._gone)

    def on_start(self) -> None:
        """Connect and join.

        Raises:
            StopUser: this did not succeed; Locust has the failure.
        """
        assert self.host is not None
        self.sio.connect(
            self.host, auth=self._auth, transports=["websocket"], wait_timeout=PATIENCE_S
        )
        if not self.sio.connected:
            raise StopUser
        try:
            self.line.join()
        except Trouble as trouble:
            self.report.failed("user:join", trouble)
            raise StopUser from trouble
        bearer = self._auth()["token"]
        http = HttpSession(self.host, self.environment.events.request, self)
        http.get("/v1/ice", headers={"Authorization": f"Bearer {bearer}"}, timeout=PATIENCE_S)

    def on_stop(self) -> None:
        """Leave."""
        self.disconnected = True
        if self._cutting is not None:
            self._cutting.kill()
        self.line.leave()

    def ask(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send an event and wait for its acknowledgement.

        Raises:
            Trouble: it was refused, or nothing came.
        """
        return self.line.ask(event, payload)

    def next(self, *events: str, patience_s: float = PATIENCE_S) -> Heard | None:
        """The next of these events, passing over others; None if none comes."""
        deadline = time.monotonic() + patience_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                heard: Heard = self._heard.get(timeout=left)
            except Empty:
                break
            if heard.event in events:
                self._judge(heard)
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
        self.line.relay(f"call:{kind}", {kind: body, **call})
        for number in range(media.CANDIDATES):
            gevent.sleep(0.02)
            self.line.relay("ice:candidate", {"candidate": media.candidate(number), **call})

    def forget(self) -> None:
        """Pass over all that has come so far; a new call begins."""
        self.candidates = 0
        while not self._heard.empty():
            self._heard.get_nowait()

    def _hear(self, event: str, payload: dict[str, Any]) -> None:
        now = time.perf_counter()
        self.sio.on_message(event, str(payload))
        if not self.line.hear(event, payload):
            return
        if event in _RELAYED:
            sent = media.sent_at(payload)
            self.report.spanned(RELAY, (now - sent) * 1000, payload["from"], sent)
        if event == "ice:candidate":
            self.candidates += 1
        else:
            self._heard.put(Heard(event, payload, now))

    def _judge(self, heard: Heard) -> None:
        if heard.event == "call:ended" and heard.payload["reason"] not in _BY_SOMEBODY:
            self.report.failed(BY_NOBODY, Trouble(heard.payload["reason"]))

    def _cut(self, line: ResumableLine, a_minute: float) -> None:
        while a_minute:
            gevent.sleep(random.expovariate(a_minute / 60))
            line.cut()

    def _came_back(self, greeting: dict[str, Any], took_s: float) -> None:
        self.report.returned(greeting["resumed"], took_s * 1000)
        if greeting["resumed"] != "replayed" and not greeting["calls"]:  # nothing else will tell
            self._heard.put(Heard("call:ended", {"reason": "forgotten"}, time.perf_counter()))

    def _gone(self, reason: str) -> None:
        if not self.line.lost() and not self.disconnected:
            self.report.failed("connection", Trouble(f"lost: {reason}"))

    def _auth(self) -> dict[str, str]:
        options = self.environment.parsed_options
        assert options is not None
        return {"token": token(self.name, options.key, options.issuer, options.audience)}
