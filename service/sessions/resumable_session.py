"""A session that outlives its connection: what it emits is numbered, and kept until confirmed."""

import asyncio
from collections.abc import Callable

from service import errors
from service.envelopes import Held, Kept
from service.ports import Identity
from service.session_ref import SessionRef
from service.sessions.attachment import Attachment
from service.sessions.replay import Replay, ReplayMemory
from service.sessions.session import Session
from service.wire.client_events import RelayEvent, Subject
from service.wire.packets import EVENT
from service.wire.server_events import UserStatus, user_of_status

FENCED_WITHIN_S = 2.0
"""How long an event in hand may take, before its session goes on without it."""
READ_AHEAD = 64 * 1024
"""Bytes that wait for a client, from which on a replay waits until some are read."""
MOST_ARRIVALS = 64
_LOOK_AGAIN_S = 0.05


class ResumableSession(Session):
    """A session with an epoch, within which events are numbered in both directions.

    It is *detached* while it has no connection. docs/resuming.md.
    """

    __slots__ = (
        "_arrivals", "_elsewhere", "_expected", "_later", "_live", "_now", "_sent", "away_since",
        "last_n", "replay", "resume_token", "token_confirmed",
    )  # fmt: skip

    def __init__(
        self, ref: SessionRef, attachment: Attachment, memory: ReplayMemory, token: str
    ) -> None:
        super().__init__(ref, attachment)
        self.replay = Replay(memory)
        self.resume_token = token
        """The newest that it was given."""
        self.token_confirmed = False
        """Whether the client has shown that it has that one."""
        self.last_n = 0
        """The number of the last relay of this epoch that was taken."""
        self.away_since: float | None = None
        """When it was detached (loop time); None while it has a connection."""
        self._arrivals: list[tuple[int, Callable[[], None]]] = []
        self._now = asyncio.get_running_loop().time
        self._sent = 0
        self._live = False
        self._elsewhere: Callable[[str, bytes], None] | None = None
        """Takes what is emitted while its home is moving, has moved, or when it is over."""
        self._expected: list[tuple[str | None, str, bytes]] | None = None
        """What waits for its old home, in order; with its epoch, where that home forwarded it."""
        self._later: asyncio.TimerHandle | None = None

    @property
    def silent_s(self) -> float:
        """Seconds since anything came from the client."""
        if self.away_since is None:
            return self.pulse.silent_s
        return self._now() - self.away_since

    @property
    def detached(self) -> bool:
        """Whether it has no connection."""
        return self.away_since is not None

    def emit(self, event: str, payload: bytes) -> None:
        """Tell the client an event: now if it is there, and until it confirms that it has it."""
        if self._elsewhere is not None:
            self._elsewhere(event, payload)
            return
        if self.away_since is not None and event == UserStatus.event:
            self.replay.note(user_of_status(payload), payload)
            return
        packet = self.replay.number(event, payload)
        if self._live:
            self._sent = self.replay.seq
            self.write(packet)

    def arrived(self, then: Callable[[], None]) -> None:
        """Do something once the client has confirmed the last event, for the last 64 of these."""
        self._arrivals.append((self.replay.seq, then))
        del self._arrivals[:-MOST_ARRIVALS]

    def confirm(self, epoch: str, seq: int) -> None:
        """The client has everything up to `seq` of an epoch; of another one it says nothing."""
        if epoch != self.replay.epoch:
            return
        self.replay.confirm(min(seq, self.replay.seq))
        while self._arrivals and self._arrivals[0][0] <= seq:
            self._arrivals.pop(0)[1]()

    # What the client relays.

    def expects(self, relay: RelayEvent) -> bool:
        """Whether a relay is the next of its epoch; False of one that was taken, or is too old.

        Raises:
            InvalidPayload: it has no number, or no epoch.
            InvalidState: one before it is missing.
        """
        if relay.n is None or relay.epoch is None:
            missing = "n" if relay.n is None else "epoch"
            raise errors.InvalidPayload(f"{missing}: a resumable session numbers what it relays.")
        if relay.epoch != self.replay.epoch or relay.n <= self.last_n:
            return False
        if relay.n > self.last_n + 1:
            raise errors.InvalidState(
                f"n: expected {self.last_n + 1}; send again what is missing.", last_n=self.last_n
            )
        return True

    def took(self, relay: RelayEvent | Subject) -> None:
        """A relay was passed on, or refused for good: its number is used up."""
        if relay.epoch == self.replay.epoch and relay.n == self.last_n + 1:
            self.last_n += 1

    # Losing and regaining a connection.

    async def fence(self) -> bool:
        """Keep the connection that it has from this session; False where that took too long."""
        fencing = asyncio.ensure_future(self.attachment.fence())
        done, _ = await asyncio.wait({fencing}, timeout=FENCED_WITHIN_S)
        fencing.cancel()
        return bool(done)

    def detach(self) -> None:
        """Its connection is gone."""
        identity = self.identity
        self._take(NOWHERE)
        self.identity = identity
        self.away_since, self._live = self._now(), False
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def attach(self, attachment: Attachment, after: int | None) -> None:
        """It has another connection, by which events go on behind number `after`.

        With None, what was emitted before is not sent again: a new epoch begins. The greeting is to
        follow.
        """
        self._take(attachment)
        self.away_since = None
        if after is None:
            self.begin_anew()
        else:
            self.confirm(self.replay.epoch, after)
        self._sent = after or 0

    def begin_anew(self) -> None:
        """A new epoch: of the one before nothing counts any more, in either direction."""
        self.replay.begin_anew()
        self._arrivals.clear()
        self.last_n = 0

    def end(self) -> None:
        """It is over: what is still emitted by others who do not know that is nobody's."""
        self._elsewhere = lambda _event, _payload: None
        self.replay.forget()

    # Moving to another node.

    def expect(self) -> None:
        """What is told from now on waits for what the old home hands over."""
        self._expected = expected = []
        self._elsewhere = lambda event, payload: expected.append((None, event, payload))

    def adopt(self, kept: Kept | None) -> None:
        """Go on where the old home left off, if it said so; what has waited comes behind that."""
        expected, self._expected, self._elsewhere = self._expected, None, None
        if kept is not None:
            self.replay.restore(kept.epoch, kept.seq, kept.events)
            self.last_n = kept.last_n
            for user, status in kept.statuses:
                self.replay.note(user, status)
        for epoch, event, payload in expected or ():
            if epoch is None or (kept is not None and epoch == kept.epoch):
                self.emit(event, payload)

    def forwarded(self, epoch: str, event: str, payload: bytes) -> None:
        """Tell an event that reached the old home: of an epoch given up, a hole is before it."""
        if self._expected is not None:
            self._expected.append((epoch, event, payload))
        elif epoch == self.replay.epoch:
            self.emit(event, payload)

    def hand_over(
        self,
        forward: Callable[[str, bytes], None],
        watched: tuple[str, ...],
        held: tuple[Held, ...],
    ) -> Kept:
        """What the new home needs; what is emitted here from now on is forwarded."""
        replay = self.replay
        kept = Kept(
            replay.epoch,
            replay.seq,
            replay.kept(),
            self.last_n,
            replay.noted(),
            watched,
            held,
        )
        replay.forget()
        self._elsewhere = forward
        return kept

    def hold(self) -> None:
        """Nothing is written before the greeting anyway."""

    def greet(self, event: str, payload: bytes) -> None:
        """Write the event that tells the client its session, without a number; the rest follows."""
        self.write(EVENT % (event.encode(), payload))
        self._send_on()

    def _send_on(self) -> None:
        """Send what the client has not got, as fast as it reads."""
        self._later = None
        while self._sent < self.replay.seq:
            if self._sent < self.replay.floor:  # it reads too slowly: a hole would follow
                self.close("slow")
                return
            if self.attachment.queued() > READ_AHEAD:
                loop = asyncio.get_running_loop()
                self._later = loop.call_later(_LOOK_AGAIN_S, self._send_on)
                return
            self._sent += 1
            self.write(self.replay.at(self._sent))
        self._live = True
        noted = self.replay.noted()
        self.replay.forget_noted()
        for _, status in noted:
            self.emit(UserStatus.event, status)


class _Silence:
    """The pulse of nobody."""

    silent_s = 0.0

    def probe(self, within_s: float | None, answered: Callable[[], object]) -> None:
        """Nobody is there to be asked."""


async def _fenced() -> None:
    """Nothing is in hand."""


NOWHERE = Attachment(
    socket_id="",
    identity=Identity("", None, 0),
    address="",
    write=lambda _packet: None,
    close=lambda _why: None,
    queued=lambda: 0,
    fence=_fenced,
    pulse=_Silence(),
)
"""What a detached session is attached to: what it writes is kept, and that is all."""
