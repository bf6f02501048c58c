"""The use cases of one node, joined to each other: top to bottom, each to those that it needs."""

from collections.abc import Awaitable, Callable, Sequence

from service.calls.call import Call
from service.calls.timeouts import Timeouts
from service.deadlines import Deadlines
from service.keyed_locks import KeyedLocks
from service.ports import (
    CallObserver,
    CallStore,
    Clock,
    Delivery,
    IceSource,
    Identity,
    ReplyStore,
    SessionStore,
    UserStore,
)
from service.sessions.directory import Directory
from service.sessions.liveness import Liveness
from service.sessions.replay import ReplayMemory
from service.signalling.accepting import Accepting
from service.signalling.availability import Availability
from service.signalling.call_changes import CallChanges
from service.signalling.call_control import CallControl
from service.signalling.call_routes import Routes
from service.signalling.call_setup import CallSetup
from service.signalling.delivery import Home, NodeDelivery
from service.signalling.detached import DetachedSessions
from service.signalling.elsewhere import Elsewhere
from service.signalling.greeting import Greeting
from service.signalling.handover import Handover
from service.signalling.joining import Joining
from service.signalling.presence import Presence
from service.signalling.relay import Relay
from service.signalling.renewal import Renewal
from service.signalling.resuming import Resuming
from service.signalling.ringing import Ringing
from service.signalling.session_accepts import SessionAccepts
from service.signalling.transitions import Transitions
from service.tasks import Tasks
from service.telemetry.metrics import Metrics
from service.telemetry.tracing import Tracing


class UseCases:
    """What a node does for its clients.

    Args:
        node: the node's name, unique among those that share the stores.
        others: takes envelopes to the other nodes, if there are any.
        identify: verifies a token that came from an address.
        visible: whether users may know of each other's presence.
        scale: how many times the default rates are allowed.
    """

    def __init__(
        self,
        *,
        node: str,
        users: UserStore,
        calls: CallStore,
        sessions: SessionStore,
        replies: ReplyStore,
        ice: IceSource,
        others: Delivery | None,
        clock: Clock,
        timeouts: Timeouts,
        observers: Sequence[CallObserver],
        metrics: Metrics,
        tracing: Tracing,
        identify: Callable[[str, str], Awaitable[Identity]],
        draining: Callable[[], bool],
        call_waiting: bool,
        visible: bool,
        scale: float,
    ) -> None:
        self.tasks = tasks = Tasks()
        self.directory = directory = Directory()
        self.liveness = liveness = Liveness(directory)
        self.presence = presence = Presence(users, directory, tasks, visible=visible)
        delivery, locks = NodeDelivery(node, others), KeyedLocks()
        self.routes = routes = Routes(node, directory, delivery, observers, self._moved)
        elsewhere = Elsewhere(users=users, delivery=delivery, tasks=tasks, clock=clock)
        transitions = Transitions(
            node=node,
            calls=calls,
            directory=directory,
            delivery=delivery,
            routes=routes,
            elsewhere=elsewhere,
            locks=locks,
            clock=clock,
            timeouts=timeouts,
        )
        self.relay = relay = Relay(
            routes=routes, transitions=transitions, tracing=tracing, scale=scale
        )
        ringing = Ringing(
            routes=routes,
            transitions=transitions,
            delivery=delivery,
            ice=ice,
            clock=clock,
        )
        self.call_control = CallControl(
            users=users,
            calls=calls,
            transitions=transitions,
            presence=presence,
            clock=clock,
            metrics=metrics,
            tracing=tracing,
        )
        self.call_changes = CallChanges(routes, transitions.load)
        self.call_setup = CallSetup(
            calls=calls,
            transitions=transitions,
            routes=routes,
            locks=locks,
            delivery=delivery,
            presence=presence,
            ice=ice,
            clock=clock,
            timeouts=timeouts,
            tracing=tracing,
            draining=draining,
            availability=Availability(
                users=users,
                transitions=transitions,
                liveness=liveness,
                presence=presence,
                clock=clock,
                call_waiting=call_waiting,
            ),
            scale=scale,
        )
        self.renewal = Renewal(
            directory=directory,
            users=users,
            ice=ice,
            identify=identify,
            clock=clock,
            metrics=metrics.auth,
        )
        self.replays = ReplayMemory()
        greeting = Greeting(ice=ice, clock=clock, window_ms=timeouts.window)
        windows: Deadlines[str] = Deadlines()
        self.joining = Joining(
            node=node,
            users=users,
            sessions=sessions,
            replays=self.replays,
            directory=directory,
            calls=self.call_control,
            ringing=ringing,
            presence=presence,
            renewal=self.renewal,
            liveness=liveness,
            greeting=greeting,
            windows=windows,
            clock=clock,
        )
        self.detached = DetachedSessions(
            users=users,
            directory=directory,
            joining=self.joining,
            transitions=transitions,
            renewal=self.renewal,
            liveness=liveness,
            windows=windows,
            clock=clock,
            metrics=metrics.sessions,
            tracing=tracing,
            window_ms=timeouts.window,
        )
        handover = Handover(
            node=node,
            directory=directory,
            delivery=delivery,
            routes=routes,
            presence=presence,
            replays=self.replays,
            detached=self.detached,
            tasks=tasks,
        )
        self.resuming = Resuming(
            node=node,
            sessions=sessions,
            users=users,
            directory=directory,
            routes=routes,
            joining=self.joining,
            detached=self.detached,
            handover=handover,
            transitions=transitions,
            ringing=ringing,
            renewal=self.renewal,
            greeting=greeting,
            clock=clock,
            metrics=metrics.sessions,
            tracing=tracing,
            scale=scale,
        )
        accepts = SessionAccepts(
            node=node,
            directory=directory,
            delivery=delivery,
            calls=self.call_control,
            detached=self.detached,
        )
        self.accepting = Accepting(
            node=node,
            sessions=sessions,
            replies=replies,
            replays=self.replays,
            calls=self.call_control,
            joining=self.joining,
            resuming=self.resuming,
            detached=self.detached,
            accepts=accepts,
            ice=ice,
            clock=clock,
            draining=draining,
        )
        delivery.home = self.home = Home(
            directory=directory,
            routes=routes,
            relay=relay,
            ringing=ringing,
            elsewhere=elsewhere,
            handover=handover,
            accepts=accepts,
            locks=locks,
            tasks=tasks,
        )

    def _moved(self, call: Call) -> None:
        self.presence.moved(call)
        self.call_changes.moved(call)
