"""Ringing the callee's devices: each by its own home, which confirms it to the caller's."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import msgspec

from service import errors
from service.calls.call import Call, State
from service.calls.events import Event, Rung
from service.envelopes import Rang
from service.ids import uuid_of
from service.ports import Clock, Delivery, IceSource
from service.session_ref import SessionRef
from service.sessions.resumable_session import ResumableSession
from service.sessions.session import Session
from service.signalling.call_routes import Routes
from service.signalling.transitions import Transitions
from service.wire.server_events import CallIncoming, ice_fields


class Ringing:
    """Rings sessions of this node, and records what rings where the caller lives."""

    def __init__(
        self,
        *,
        routes: Routes,
        transitions: Transitions,
        delivery: Delivery,
        ice: IceSource,
        clock: Clock,
    ) -> None:
        self._routes = routes
        self._transitions = transitions
        self._delivery = delivery
        self._ice = ice
        self._clock = clock

    def ring(self, session: Session, call: Call, *, again: bool = False) -> None:
        """Ring on a session, once, while there is something to answer as far as this node knows.

        With `again` it rings although it has rung: the client does not know it any more. At a
        resumable session the call rings when its client has confirmed that.
        """
        route = self._routes.ringing(call)
        if route is None or (session.id in route.rung and not again):
            return
        route.rung.add(session.id)
        call, now = route.call, self._clock()
        deadline = call.deadline or 0
        incoming = CallIncoming(
            from_=call.caller,
            from_name=call.caller_name,
            call_type=call.type,
            call_id=call.id,
            uuid=uuid_of(call.id),
            state=call.state,
            metadata=msgspec.Raw(call.metadata) if call.metadata else msgspec.UNSET,
            expires_at=deadline,
            expires_in_ms=max(0, deadline - now),
            **ice_fields(self._ice.servers(session.user, now)),
        )
        session.emit(incoming.event, incoming.encode())
        rang = self._telling(session, call)
        if isinstance(session, ResumableSession):
            session.arrived(rang)
        else:
            rang()

    def take_over(self, session: ResumableSession, call: Call) -> None:
        """Ring on at a session that rang on another node: its client has been told, or will be."""
        route = self._routes.ringing(call)
        if route is not None:
            route.rung.add(session.id)
            if call.state is State.INITIATING:
                session.arrived(self._telling(session, call))

    def _telling(self, session: Session, call: Call) -> Callable[[], None]:
        """Tells the home of the calling session that a session rings."""
        calling = SessionRef(call.caller_session, call.caller, call.caller_node)
        return partial(self._delivery.send, calling, Rang(call.id, session.ref))

    async def rang(self, call_id: str, device: SessionRef) -> None:
        """Record that a device rings; one that rings for nothing is told so."""

        def news(call: Call) -> Event | None:
            known = call.state is State.RINGING and call.is_for(device.id)
            return None if known else Rung(device)

        with suppress(errors.CallNotFound):  # it ended so long ago that nobody remembers it
            await self._transitions.move(call_id, news, device)
