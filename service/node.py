"""The object graph of one node: every part joined to those it needs, top to bottom."""

import asyncio
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from functools import partial
from socket import gethostname

import socketio
import structlog
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from service import __version__, from_settings, gauges
from service.auth.authenticator import Authenticator
from service.calls.call import Call
from service.calls.reasons import Reason
from service.clock import wall_clock
from service.pace import paced
from service.ports import Clock, Delivery
from service.sessions.repeats import Repeats
from service.settings import Settings
from service.signalling.use_cases import UseCases
from service.stores import Stores, open_stores
from service.stores.timed import StoreTimer, TimedCalls, TimedReplies, TimedSessions, TimedUsers
from service.sweeper import Sweeper
from service.telemetry import log
from service.telemetry.call_log import CallLog
from service.telemetry.main_loop import MainLoop
from service.telemetry.metrics import Metrics
from service.telemetry.otel import Traces
from service.telemetry.user_names import UserNames
from service.transport.api.app import api
from service.transport.api.caller import Backend
from service.transport.api.rates import Rates
from service.transport.connections.connections import Connections
from service.transport.connections.dispatch import Dispatch
from service.transport.guard.budget import Budget, Waiter
from service.transport.guard.tcp import TcpConnections
from service.transport.http.cors import Cors
from service.transport.http.gate import Gate
from service.transport.http.problems import failed
from service.transport.http.proxies import TrustedProxies
from service.transport.server.admin import admin
from service.transport.server.open_files import most_connections
from service.transport.socketio.engine import Engine
from service.transport.socketio.totals import Totals
from service.turn.broker import Broker
from service.turn.prober import Prober
from service.turn.servers import TurnServers

_CALLS_OVER_POLL_S = 0.1
_NOTHING_SHARED = "No store is shared: sessions and calls end with the node, clients join anew."
_PLAIN = "Each has a session that is not resumable, which no other node can go on with."
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """A node's name among those that share its stores, and the way to them, if there are any."""

    name: str
    stores: Stores
    others: Delivery | None = None


class Node:
    """One node of the service, not yet listening.

    Args:
        settings: already checked as a whole.
        clock: now, in epoch ms.
        reread: the settings as they are set now; those that may change are followed through it.
        membership: what it shares with other nodes; alone by default.

    Raises:
        ValueError: the identity settings do not fit together; the message says what to do.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock = wall_clock,
        reread: Callable[[], Settings] | None = None,
        membership: Membership | None = None,
    ) -> None:
        membership = membership or Membership(gethostname(), open_stores())
        self.status = "starting"
        self._alone = membership.others is None
        self.metrics = metrics = Metrics(__version__, tuple(settings.turn_regions))
        self.verifier = verifier = from_settings.verifier(settings, metrics)
        scale = settings.rate_limit_scale
        timeouts = from_settings.timeouts(settings)
        coturn = TurnServers(settings, metrics.turn.issued)
        self.prober = Prober(coturn, clock, metrics.turn)
        probing = settings.turn_probe and bool(settings.turn_urls)
        turn = from_settings.turn_providers(settings, metrics, clock)
        self.broker = ice = Broker(
            coturn,
            turn,
            order=settings.turn_provider,
            own_fails=lambda: self.prober.fails,
            clock=clock,
            metrics=metrics.turn,
        )
        authenticator = Authenticator(verifier, clock, metrics.auth, scale)

        self.stores = stores = membership.stores
        names = UserNames(settings.log_user, from_settings.log_key(settings))
        self.traces = Traces(__version__, names, self._candidates)
        tracing = self.traces.calls
        timer = StoreTimer(metrics.pressure, tracing)
        replies = TimedReplies(stores.replies, timer)
        self.signalling = signalling = UseCases(
            node=membership.name,
            users=TimedUsers(stores.users, timer),
            calls=TimedCalls(stores.calls, timer),
            sessions=TimedSessions(stores.sessions, timer),
            replies=replies,
            ice=ice,
            others=membership.others,
            clock=clock,
            timeouts=timeouts,
            observers=(metrics.calls, *self.traces.observers, CallLog(names)),
            metrics=metrics,
            tracing=tracing,
            identify=partial(
                authenticator.identify,
                missing="The event carries no token.",
                may_hold=False,  # a call's other events would wait behind it
            ),
            draining=self._draining,
            call_waiting=settings.call_waiting,
            visible=settings.presence == "everyone",
            scale=scale,
        )
        repeats = Repeats(replies, clock, timeouts.detached)
        dispatch = Dispatch(signalling, repeats=repeats, clock=clock, metrics=metrics)
        self.connections = Connections(
            authenticator=authenticator,
            dispatch=dispatch,
            clock=clock,
            metrics=metrics,
            scale=scale,
        )
        self.engine = Engine(
            self.connections,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
            transports=settings.transports,
            max_message_bytes=settings.max_message_bytes,
            ended=metrics.ended,
        )
        self.totals = Totals(self.engine)
        self.loop = MainLoop(metrics.pressure.loop_lag.observe)
        backend = Backend(
            authenticator=authenticator,
            ice=ice,
            presence=signalling.presence,
            calls=signalling.call_control,
            accepting=signalling.accepting,
            changes=signalling.call_changes,
            clock=clock,
            names=names,
            rates=Rates(clock, metrics.auth, scale),
        )
        self.tcp = TcpConnections(
            most_connections(settings.max_connections), metrics.connections.refused
        )
        self.budget = Budget(from_settings.memory_budget(settings), self._waiters, clock)
        gate = Gate(
            socketio.ASGIApp(self.engine, api(backend), socketio_path="socket.io"),
            clients=self.engine,
            max_body=settings.max_message_bytes,
            max_connections=settings.max_connections,
            tcp=self.tcp,
            budget=self.budget,
            metrics=metrics,
        )
        cors = Cors(ServerErrorMiddleware(gate, failed), settings.cors_origins)
        proxies = TrustedProxies(cors, settings.trusted_proxies)
        self.app: ASGIApp = proxies
        self.admin: ASGIApp = admin(
            metrics.families.registry,
            status=lambda: self.status,
            trouble=lambda: verifier.trouble,
            loop=self.loop,
            count=self.totals.count,
        )
        self._reload = reread and from_settings.reload(
            settings,
            reread,
            clock,
            ice=coturn,
            tokens=verifier,
            providers=turn,
            others=(
                lambda now: cors.become(now.cors_origins),
                lambda now: proxies.become(now.trusted_proxies),
            ),
        )
        self.sweeper = Sweeper(
            signalling.call_control.timed_out,
            lambda: replies.forget_old(clock()),
            self.connections.tick,
            signalling.renewal.tick,
            signalling.detached.tick,
            *([self.prober.tick] if probing else []),
            self.broker.tick,
            verifier.tick,
            *([self._reload.tick] if self._reload else []),
            log.tick,
        )
        self.guard = Sweeper(self.budget.tick)
        """Apart from the sweeper, whose chores are late when there is much to do."""
        self.tables: dict[str, Sized] = {
            "clients": self.engine,
            "connections": self.connections,
            "sessions": signalling.directory,
            "users_online": stores.users,
            "routes": signalling.routes,
            "call_changes": signalling.call_changes,
            "watches": signalling.presence,
            "resume_windows": signalling.detached,
            "replays": signalling.replays,
            "session_deadlines": signalling.renewal,
            "probes": signalling.liveness,
        }
        gauges.watch(
            metrics.families,
            signalling=signalling,
            users=stores.users,
            totals=self.totals,
            waiting=self.tcp.waiting,
            budget=self.budget,
            draining=self._draining,
        )

    def _waiters(self) -> Iterator[Waiter]:
        """All connections of which something waits."""
        yield from self.connections.waiters()
        yield from self.tcp.waiting.waiters()

    def _candidates(self, call_id: str) -> int:
        return self.signalling.routes.candidates(call_id)

    def _draining(self) -> bool:
        return self.status == "draining"

    def reread(self) -> None:
        """Have the settings that may change while it runs read anew, within a tick."""
        if self._reload:
            self._reload.ask()

    def drain(self) -> None:
        """Let nobody in any more, nor wait for a call, and close what is idle: the node stops."""
        self.status = "draining"
        self.tcp.drain()
        self.signalling.call_changes.drain()

    def present(self) -> dict[str, int]:
        """How many calls and sessions are here, and how many of these have no connection."""
        return {
            "calls": len(self.signalling.routes.calls()),
            "sessions": len(self.signalling.directory),
            "detached": len(self.signalling.detached),
        }

    async def calls_over(self) -> None:
        """Wait until nobody is in a call; who is in none connects elsewhere meanwhile."""
        while calls := self._ending():
            await self.connections.keep(
                {user for call in calls for user in (call.caller, call.callee)}
            )
            await asyncio.sleep(_CALLS_OVER_POLL_S)

    async def end_calls(self) -> None:
        """End the calls of this node's clients as `server_shutdown` that cannot go on elsewhere."""
        calls = self._ending()
        if calls:
            why = _NOTHING_SHARED if self._alone else _PLAIN
            _log.warning("node.calls_ended", calls=len(calls), why=why)
        async for call in paced(calls):
            await self.signalling.call_control.terminate(call.id, Reason.SERVER_SHUTDOWN)

    def _ending(self) -> tuple[Call, ...]:
        """The calls of this node's clients that end with it: no plain session goes elsewhere."""
        return tuple(
            call
            for call in self.signalling.routes.calls()
            if self._alone or not all(party.resumable for party in call.parties)
        )

    async def close(self) -> None:
        """Close every connection, handle what they had sent, let go of what is held."""
        await self.engine.close_all()
        await self.connections.emptied()
        if self._alone:
            await self.signalling.detached.close()
        await self.prober.close()
        await self.broker.close()
        if self._reload:
            await self._reload.close()
        await self.verifier.close()
        await asyncio.to_thread(self.traces.close)
