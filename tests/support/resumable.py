"""A client that keeps the whole protocol of a resumable session, and finds each fault of it.

It is one device: it may lose its connection at any byte, and comes back on another, with what it
remembers. What it says goes on one list, in order, until it is answered or confirmed.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.support.link import Link, Refused
from tests.support.outgoing import Outgoing, Said
from tests.support.sending import Sending
from tests.support.service import token
from tests.support.transports import Severed
from tests.support.waiting import PATIENCE_S

_ACKNOWLEDGED_AT_ONCE = {"user:joined", "call:incoming"}
_ACKNOWLEDGE_EVERY = 32
_ACKNOWLEDGE_AFTER_S = 5
_OF_A_CONNECTION = {"session_replaced", "too_many_sessions"}
"""Codes of errors that are of the connection, and have no number."""
_RIGHTLY = {"none": (False, False), "snapshot": (True, False), "replayed": (True, True)}
"""Whether the session, and the epoch, of a `user:joined` are those that the client knew."""


class Resumable:
    """One resumable session after the other, over one connection after the other.

    `log` holds each event once, in order, its `seq` taken off, and each `user:joined`. Whatever
    breaks the protocol stands in `faults`, and fails whoever waits for something.
    """

    def __init__(self, port: int, user: str, kind: str = "websocket", **fields: Any) -> None:
        self.port = port
        self.user = user
        self.kind = kind
        self.fields = fields
        """What stands in `user:join` beside what the protocol asks for."""
        self.lifetime_s = 3600.0
        """How long its tokens last."""
        self.acknowledges = True
        """Whether it sends `session:ack` by itself."""
        self.forgets = False
        """Whether it comes back without `lastSeq` the next time."""
        self.fresh = False
        """Whether it is a page then that was loaded anew."""
        self.unasked = 0
        """How many snapshots it was given although it named its `lastSeq`."""
        self.session: str | None = None
        self.resume_token: str | None = None
        self.last_seq: int | None = None
        self.outgoing = Outgoing()
        self.log: list[tuple[str, Any]] = []
        self.faults: list[str] = []
        self.sending = Sending(self.outgoing, self._wrong)
        self._links: list[Link] = []
        self._greeted: Link | None = None
        self._refused: Refused | None = None
        self._acknowledged = 0
        self._later: asyncio.TimerHandle | None = None
        self._taken: set[int] = set()
        self._changed = asyncio.Event()

    @property
    def link(self) -> Link:
        """The connection to which it listens: the last that it opened."""
        return self._links[-1]

    @property
    def joined(self) -> dict[str, Any]:
        """The last `user:joined`."""
        last: dict[str, Any] = self.payloads("user:joined")[-1]
        return last

    @property
    def there(self) -> bool:
        """Whether it has joined on a connection that has not been lost."""
        return bool(self._links) and self._greeted is self.link and not self.link.over.is_set()

    async def connect(self) -> None:
        """Open a connection; one that it had is left as it is, and not listened to any more.

        Raises:
            Severed: the connection was lost on the way.
            Refused: by a CONNECT_ERROR.
        """
        if self._links and self.link.over.is_set():
            await self.link.abort()  # nothing of it is under way any more
        self.sending.pause()
        bearer = token(self.user, lifetime=self.lifetime_s)
        self._links.append(await Link.open(self.kind, self.port, bearer, self._hear))

    async def join(self, **changes: Any) -> dict[str, Any]:
        """Join, or come back, on a new connection, unless one was just opened for it.

        `changes` stand in `user:join` in place of what the client itself would say.

        Raises:
            Severed: the connection was lost before `user:joined` came.
            Refused: by a CONNECT_ERROR, or by the answer to the join.
        """
        if not self._links or self.link.over.is_set() or self._greeted is self.link:
            await self.connect()
        link, self._refused = self.link, None
        link.emit("user:join", {**self._joining(), **changes}, self._answered_join)
        await self.until(lambda: self._greeted is link or self._refused, "user:joined", link)
        if self._refused:
            raise self._refused
        return self.joined

    async def come_back(self) -> dict[str, Any]:
        """Join, as often as connections are lost on the way."""
        while True:
            try:
                return await self.join()
            except Severed:
                await asyncio.sleep(0.01)

    def remember(self, other: "Resumable") -> None:
        """Go on with the session of another client, as a duplicated tab would."""
        self.session, self.resume_token = other.session, other.resume_token
        self.last_seq = other.last_seq
        self.outgoing.n, self.outgoing.epoch = other.outgoing.n, other.outgoing.epoch

    def reload(self) -> None:
        """Be a page that is loaded anew: of its session it knows the way back, and nothing else."""
        self.forgets = self.fresh = True
        self.outgoing.clear()

    async def lost(self) -> None:
        """Wait until the connection is gone."""
        async with asyncio.timeout(PATIENCE_S):
            await self.link.over.wait()

    async def leave(self) -> None:
        """The client's own `disconnect()`."""
        self.link.send("41")
        await self.lost()

    async def close(self) -> None:
        """Be gone without a goodbye, with every connection there was."""
        if self._later is not None:
            self._later.cancel()
        self.sending.pause()
        for link in self._links:
            await link.abort()

    def say(self, event: str, payload: dict[str, Any]) -> Said:
        """Put a control event or a relay on the list; it is sent as soon as that can be."""
        said = self.outgoing.add(event, payload)
        if self.there:
            self.sending.say(said)
        return said

    def emit(self, event: str, payload: dict[str, Any]) -> None:
        """Say something that may be lost with the connection; nothing, where there is none."""
        if self.there:
            self.link.emit(event, payload)

    async def request(self, event: str, payload: dict[str, Any]) -> Any:
        """Say something and wait for the answer, on this connection or a later one."""
        said = self.say(event, payload)
        await self.until(lambda: not said.waits, f"the answer to {event}")
        return said.answer

    async def done(self, event: str, payload: dict[str, Any]) -> Any:
        """The same; the answer must be a success."""
        answer = await self.request(event, payload)
        assert (answer or {}).get("ok") is True, answer
        return answer

    async def refusal(self, event: str, payload: dict[str, Any]) -> Any:
        """The same; the answer must be a failure, and its error is given."""
        answer = await self.request(event, payload)
        assert (answer or {}).get("ok") is False, answer
        return answer["error"]

    async def ask(self, event: str, payload: dict[str, Any]) -> Any:
        """Say something beside the list, just so; gives the answer, on this connection alone.

        Raises:
            Severed: the connection was lost before the answer.
        """
        answers: list[Any] = []
        link = self.link
        link.emit(event, payload, answers.append)
        await self.until(lambda: answers, f"the answer to {event}", link)
        return answers[0]

    async def probe(self) -> Any:
        """Ask whether the connection is alive; what was said and sent before has come then."""
        answer = await self.ask("session:ack", self._acknowledgement())
        self._confirm(answer)
        return answer

    async def next(self, event: str) -> Any:
        """The first event of this name not yet taken, whatever came between."""

        def found() -> list[int]:
            named = (index for index, (name, _) in enumerate(self.log) if name == event)
            return [index for index in named if index not in self._taken]

        await self.until(found, f"{event} in {self.log}")
        index = found()[0]
        self._taken.add(index)
        return self.log[index][1]

    def payloads(self, event: str) -> list[Any]:
        """The payload of every event of this name received, in order."""
        return [payload for name, payload in self.log if name == event]

    def events(self, *names: str) -> list[str]:
        """The names of the events received, in order; only of those given, if any are."""
        return [name for name, _ in self.log if not names or name in names]

    async def until(
        self, true: Callable[[], Any], what: str = "it", link: Link | None = None
    ) -> None:
        """Wait until a condition holds that something received can make true.

        Raises:
            Severed: this connection was lost meanwhile.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true() and not self.faults:
                    if link is not None and link.over.is_set():
                        raise Severed
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{self.user} waited {PATIENCE_S} s for {what}") from None
        assert not self.faults, self.faults

    def _joining(self) -> dict[str, Any]:
        """What it says on joining: all that it remembers of its session."""
        last = None if self.forgets else self.last_seq
        remembered = {
            "sessionId": self.session, "resumeToken": self.resume_token, "lastSeq": last,
        }  # fmt: skip
        known = {name: value for name, value in remembered.items() if value is not None}
        first = {"userId": self.user, "features": ["resume"], "epoch": self.outgoing.epoch}
        fresh = {"fresh": True} if self.fresh else {}
        return {**first, **self.fields, **known, **fresh}

    def _answered_join(self, answer: Any) -> None:
        if not answer["ok"]:
            self._refused = Refused(answer["error"])

    def _hear(self, link: Link, event: str | None, payload: Any) -> None:
        """Take an event, or see that something else has come of the connection."""
        if isinstance(payload, BaseException):
            self.faults.append(f"{self.user}: {payload!r}")
        elif event is not None and link is self.link:
            if event == "user:joined":
                self._join(link, payload)
            elif "seq" in payload or payload.get("code") not in _OF_A_CONNECTION:
                self._take(event, payload)
            unconfirmed = (self.last_seq or 0) - self._acknowledged
            if event in _ACKNOWLEDGED_AT_ONCE or unconfirmed >= _ACKNOWLEDGE_EVERY:
                self._acknowledge()
        self._changed.set()

    def _join(self, link: Link, joined: dict[str, Any]) -> None:
        """Take in which session this is now; what waits is sent again."""
        epoch, resumed = joined["epoch"], joined["resumed"]
        if _RIGHTLY[resumed] != (joined["sessionId"] == self.session, epoch == self.outgoing.epoch):
            self._wrong(joined)
        if resumed == "none":
            self.outgoing.begin_session(epoch)
        elif resumed == "snapshot":
            self.outgoing.begin_epoch(epoch)
        if resumed != "replayed":
            self.last_seq = self._acknowledged = 0
        self.session, self.resume_token = joined["sessionId"], joined["resumeToken"]
        self.log.append(("user:joined", joined))
        self._confirm(joined)
        self.unasked += resumed == "snapshot" and not self.forgets
        self._greeted, self.forgets, self.fresh = link, False, False
        self.sending.begin(link)

    def _take(self, event: str, payload: dict[str, Any]) -> None:
        """Take an event, which must be the one behind the last."""
        if [*payload][-1] != "seq" or payload["seq"] != (self.last_seq or 0) + 1:
            self._wrong(event, payload)
        self.last_seq = payload.pop("seq", None)
        self.log.append((event, payload))
        if self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(_ACKNOWLEDGE_AFTER_S, self._acknowledge)

    def _acknowledge(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self.acknowledges:
            self._acknowledged = self.last_seq or 0
            link = self.link

            def confirmed(answer: Any) -> None:
                if link is self.link:  # it listens to this connection still
                    self._confirm(answer)

            link.emit("session:ack", self._acknowledgement(), confirmed)

    def _acknowledgement(self) -> dict[str, Any]:
        return {"epoch": self.outgoing.epoch, "seq": self.last_seq, "socketId": self.link.sid}

    def _confirm(self, answer: dict[str, Any]) -> None:
        if answer["lastN"] > self.outgoing.n:
            self._wrong(answer)
        self.outgoing.confirm(answer["lastN"])

    def _wrong(self, *heard: Any) -> None:
        known = (self.session, self.outgoing.epoch, self.last_seq, self.outgoing.n)
        self.faults.append(f"{self.user} knew {known} and heard {heard}")
