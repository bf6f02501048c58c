"""Envelopes to sessions: taken here where the session's home is this node, else handed on.

`call_setup` sends `Ring`, `ringing` sends `Rang`, `transitions` sends `Moved` for every move of a
call, such as its accept, and `call_routes` sends `Relayed`. What comes from another node is taken
in its order with what this node itself does to the call: a relay never overtakes the move that was
told before it. `elsewhere` sends `CallsChanged`. `handover` sends `Claimed` and `HandedOver` when a
session has another home, and its old home `Forwarded`. `session_accepts` sends `AcceptAsked`, which
is answered by `AcceptAnswered`.
"""

from service.calls.call import Call
from service.envelopes import (
    AcceptAnswered,
    AcceptAsked,
    CallsChanged,
    Claimed,
    Envelope,
    Forwarded,
    HandedOver,
    Moved,
    Rang,
    Relayed,
)
from service.keyed_locks import KeyedLocks, Turn
from service.ports import Delivery
from service.session_ref import SessionRef
from service.sessions.directory import Directory
from service.sessions.resumable_session import ResumableSession
from service.sessions.session import Session
from service.signalling.call_routes import Routes
from service.signalling.elsewhere import Elsewhere
from service.signalling.handover import Handover
from service.signalling.relay import Relay
from service.signalling.ringing import Ringing
from service.signalling.session_accepts import SessionAccepts
from service.tasks import Tasks


class Home:
    """Takes the envelopes that are for the sessions of this node."""

    def __init__(
        self,
        *,
        directory: Directory,
        routes: Routes,
        relay: Relay,
        ringing: Ringing,
        elsewhere: Elsewhere,
        handover: Handover,
        accepts: SessionAccepts,
        locks: KeyedLocks,
        tasks: Tasks,
    ) -> None:
        self._directory = directory
        self._routes = routes
        self._relay = relay
        self._ringing = ringing
        self._elsewhere = elsewhere
        self._handover = handover
        self._accepts = accepts
        self._locks = locks
        self._tasks = tasks

    def receive(self, session_id: str, envelope: Envelope) -> None:
        """Take an envelope from another node, now or once its call has moved."""
        if not isinstance(envelope, Moved | Relayed):
            self.take(session_id, envelope)
            return
        call_id = envelope.call.id if isinstance(envelope, Moved) else envelope.call_id
        if (turn := self._locks.enter(call_id)) is not None:
            self._tasks.start(self._later(call_id, turn, session_id, envelope))
            return
        try:
            self.take(session_id, envelope)
        finally:
            self._locks.leave(call_id)

    def take(self, session_id: str, envelope: Envelope) -> None:
        """Take an envelope now."""
        if isinstance(envelope, Rang):
            self._tasks.start(self._ringing.rang(envelope.call_id, envelope.device))
        elif isinstance(envelope, Moved):
            self._moved(envelope)
        elif isinstance(envelope, Claimed | HandedOver | Forwarded):
            self._move(session_id, envelope)
        elif isinstance(envelope, AcceptAsked | AcceptAnswered):
            self._accept(session_id, envelope)
        elif (session := self._directory.reach(session_id)) is not None:
            if isinstance(envelope, Relayed):
                self._relay.arrived(session, envelope)
            elif isinstance(envelope, CallsChanged):
                self._tasks.start(self._elsewhere.tell(session))
            else:
                self._ring(session, envelope.call)

    def _ring(self, session: Session, call: Call) -> None:
        """Ring on a session; one that has another home rings there from now on."""
        self._ringing.ring(session, call)
        if self._directory.get(session.id) is None:
            self._routes.forget_rings(session.id)

    def _move(self, session_id: str, envelope: Claimed | HandedOver | Forwarded) -> None:
        """Have a session go to another node, or come from there."""
        if isinstance(envelope, Claimed):
            self._tasks.start(self._handover.hand_over(session_id, envelope.by))
        elif isinstance(envelope, HandedOver):
            self._handover.handed_over(session_id, envelope.kept)
        else:
            session = self._directory.reach(session_id)
            if isinstance(session, ResumableSession):
                session.forwarded(envelope.epoch, envelope.event, envelope.payload)

    def _accept(self, session_id: str, envelope: AcceptAsked | AcceptAnswered) -> None:
        """Accept for a session of this node, or hear that another node has."""
        if isinstance(envelope, AcceptAsked):
            self._tasks.start(self._accepts.answer(session_id, envelope))
        else:
            self._accepts.answered(session_id, envelope)

    def _moved(self, moved: Moved) -> None:
        """Tell the clients that have heard of the call, and follow it."""
        for session_id, event, payload in moved.told:
            session = self._directory.reach(session_id)
            if session is not None and self._routes.hears(session_id, moved.call):
                session.emit(event, payload)
        self._routes.follow(moved.call)

    async def _later(self, call_id: str, turn: Turn, session_id: str, envelope: Envelope) -> None:
        await self._locks.granted(call_id, turn)
        try:
            self.take(session_id, envelope)
        finally:
            self._locks.leave(call_id)


class NodeDelivery:
    """The `ports.Delivery` of a node: `home` takes what is for it, `others` has the rest.

    There is no `others` yet between real nodes; the tests have one.
    """

    def __init__(self, node: str, others: Delivery | None = None) -> None:
        self._node = node
        self._others = others
        self.home: Home | None = None

    def send(self, to: SessionRef, envelope: Envelope) -> None:
        """Have the home of a session receive an envelope."""
        if to.node == self._node and self.home is not None:
            self.home.take(to.id, envelope)
        elif self._others is not None:
            self._others.send(to, envelope)
