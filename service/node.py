"""The object graph of one node: every part joined to those it needs, top to bottom."""

import asyncio
from collections.abc import Callable, Iterator, Sized
from functools import partial

import socketio
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from service import __version__, parts
from service.auth.identify import identify
from service.auth.offenders import Offenders
from service.calls.reasons import Reason
from service.clock import wall_clock
from service.pace import paced
from service.ports import Clock
from service.sessions.directory import Directory
from service.sessions.liveness import Liveness
from service.settings import Settings
from service.signalling.availability import Availability
from service.signalling.call_control import CallControl
from service.signalling.call_setup import CallSetup
from service.signalling.joining import Joining
from service.signalling.presence import Presence
from service.signalling.relay import Relay
from service.signalling.renewal import Renewal
from service.signalling.transitions import Transitions
from service.stores.answers import MemoryAnswers
from service.stores.memory import MemoryCalls, MemorySessions
from service.stores.observed import ObservedAnswers, ObservedCalls, ObservedSessions, Watch
from service.sweeper import Sweeper
from service.telemetry import log
from service.telemetry.call_log import CallLog
from service.telemetry.canary import UsersOnly
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
from service.transport.http.origins import Origins
from service.transport.http.problems import failed
from service.transport.http.proxies import TrustedProxies
from service.transport.server.admin import admin
from service.transport.server.open_files import most_connections
from service.transport.socketio.engine import Engine
from service.transport.socketio.totals import Totals
from service.turn.broker import Broker
from service.turn.prober import Prober

_CALLS_OVER_POLL_S = 0.1


class Node:
    """One node of the service, not yet listening.

    Args:
        settings: already checked as a whole.
        clock: now, in epoch ms.
        reread: the settings as they are set now; those that may change are followed through it.

    Raises:
        ValueError: the identity settings do not fit together; the message says what to do.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock = wall_clock,
        reread: Callable[[], Settings] | None = None,
    ) -> None:
        self.status = "starting"
        self.metrics = metrics = Metrics(__version__, tuple(settings.turn_regions))
        self.verifier = verifier = parts.verifier(settings, metrics)
        scale = settings.rate_limit_scale
        timeouts = parts.timeouts(settings)
        coturn = parts.turn_servers(settings, metrics)
        self.prober = Prober(coturn, clock, metrics.turn)
        probing = coturn.available and settings.turn_probe
        turn = parts.turn_providers(settings, metrics, clock)
        self.broker = ice = Broker(
            coturn,
            turn,
            order=settings.turn_provider,
            own_fails=lambda: self.prober.fails,
            clock=clock,
            metrics=metrics.turn,
        )
        offenders = Offenders(scale)

        memory = MemoryCalls()
        self.store = memory
        directory = Directory()
        liveness = Liveness(directory)
        relay = Relay(directory, scale=scale)
        names = UserNames(settings.log_user, parts.log_key(settings))
        self.traces = Traces(__version__, names, relay.candidates)
        tracing = self.traces.calls
        watch = Watch(metrics.pressure, tracing)
        store = ObservedCalls(memory, watch)
        users = MemorySessions()
        sessions = ObservedSessions(users, watch)
        self.answers = MemoryAnswers()
        answers = ObservedAnswers(self.answers, watch)
        presence = Presence(sessions, store, directory, visible=settings.presence == "everyone")
        transitions = Transitions(
            calls=store,
            sessions=sessions,
            mail=directory,
            relay=relay,
            presence=presence,
            clock=clock,
            timeouts=timeouts,
            observers=(UsersOnly(metrics.calls, metrics.media), tracing, CallLog(names)),
        )
        self.calls = calls = CallControl(
            calls=store,
            transitions=transitions,
            relay=relay,
            presence=presence,
            clock=clock,
            metrics=metrics,
            tracing=tracing,
        )
        call_setup = CallSetup(
            calls=store,
            sessions=sessions,
            transitions=transitions,
            relay=relay,
            presence=presence,
            ice=ice,
            clock=clock,
            timeouts=timeouts,
            scale=scale,
            tracing=tracing,
            draining=self._draining,
            availability=Availability(
                calls=store,
                sessions=sessions,
                transitions=transitions,
                liveness=liveness,
                presence=presence,
                clock=clock,
                call_waiting=settings.call_waiting,
            ),
        )
        renewal = Renewal(
            directory=directory,
            calls=store,
            ice=ice,
            identify=partial(
                identify,
                missing="The event carries no token.",
                verifier=verifier,
                offenders=offenders,
                clock=clock,
                metrics=metrics.auth,
                may_hold=False,  # a call's other events would wait behind it
            ),
            clock=clock,
            metrics=metrics.auth,
        )
        joining = Joining(
            sessions=sessions,
            store=store,
            directory=directory,
            calls=calls,
            call_setup=call_setup,
            presence=presence,
            renewal=renewal,
            liveness=liveness,
            ice=ice,
            clock=clock,
        )
        dispatch = Dispatch(
            joining=joining,
            calls=calls,
            call_setup=call_setup,
            presence=presence,
            renewal=renewal,
            answers=answers,
            clock=clock,
            metrics=metrics,
        )
        self.connections = Connections(
            verifier=verifier,
            offenders=offenders,
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
            verifier=verifier,
            offenders=offenders,
            ice=ice,
            presence=presence,
            calls=calls,
            clock=clock,
            metrics=metrics,
            names=names,
            rates=Rates(clock, metrics.auth, scale),
        )
        origins = Origins(settings.cors_origins)
        self.tcp = TcpConnections(
            most_connections(settings.max_connections), metrics.connections.refused
        )
        self.budget = Budget(parts.memory_budget(settings), self._waiters, clock)
        gate = Gate(
            socketio.ASGIApp(self.engine, api(backend), socketio_path="socket.io"),
            clients=self.engine,
            max_body=settings.max_message_bytes,
            max_connections=settings.max_connections,
            tcp=self.tcp,
            draining=self._draining,
            short=lambda: self.budget.over,
            metrics=metrics,
        )
        proxies = TrustedProxies(
            Cors(ServerErrorMiddleware(gate, failed), origins), settings.trusted_proxies
        )
        self.app: ASGIApp = proxies
        self.admin: ASGIApp = admin(
            metrics.families.registry,
            status=lambda: self.status,
            trouble=lambda: verifier.trouble,
            loop=self.loop,
            count=self.totals.count,
        )
        self._reload = reread and parts.reload(
            settings,
            reread,
            clock,
            ice=coturn,
            tokens=verifier,
            providers=turn,
            others=(
                lambda now: origins.become(now.cors_origins),
                lambda now: proxies.become(now.trusted_proxies),
            ),
        )
        self.sweeper = Sweeper(
            calls.timed_out,
            lambda: self.answers.forget_old(clock()),
            self.connections.tick,
            renewal.tick,
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
            "sessions": directory,
            "users_online": users,
            "routes": relay,
            "watches": presence,
            "session_deadlines": renewal,
            "probes": liveness,
        }
        self._watch(directory, users)

    def _waiters(self) -> Iterator[Waiter]:
        """All connections of which something waits."""
        yield from self.connections.waiters()
        yield from self.tcp.waiting.waiters()

    def _draining(self) -> bool:
        return self.status == "draining"

    def reread(self) -> None:
        """Have the settings that may change while it runs read anew, within a tick."""
        if self._reload:
            self._reload.ask()

    async def calls_over(self) -> None:
        """Wait until nobody is in a call; who is in none connects elsewhere meanwhile."""
        while calls := self.store.live():
            await self.connections.keep(
                {user for call in calls for user in (call.caller, call.callee)}
            )
            await asyncio.sleep(_CALLS_OVER_POLL_S)

    async def end_calls(self) -> None:
        """End every live call as `server_shutdown`."""
        async for call in paced(self.store.live()):
            await self.calls.terminate(call.id, Reason.SERVER_SHUTDOWN)

    async def close(self) -> None:
        """Close every connection, handle what they had sent, let go of what is held."""
        await self.engine.close_all()
        await self.connections.emptied()
        await self.prober.close()
        await self.broker.close()
        if self._reload:
            await self._reload.close()
        await self.verifier.close()
        await asyncio.to_thread(self.traces.close)

    def _watch(self, directory: Sized, users: Sized) -> None:
        """What is read when Prometheus asks, in another thread than the loop's."""
        families, totals = self.metrics.families, self.totals
        connections = families.gauge("connections", "Open transports.", ("transport",))
        connections.labels("websocket").set_function(lambda: totals.websocket)
        connections.labels("polling").set_function(lambda: totals.polling)
        families.watched("sessions", "Joined sessions of this node.", lambda: len(directory))
        families.watched("users_online", "Users with a session.", lambda: len(users))
        families.watched(
            "send_queue_bytes", "Queued for clients, not yet written.", lambda: totals.queued_bytes
        )
        received = families.gauge(
            "receive_queue_bytes",
            "Received and not yet handled, of clients whose token is `known` or `unknown`.",
            ("token",),
        )
        received.labels("known").set_function(lambda: totals.received_bytes)
        received.labels("unknown").set_function(lambda: self.tcp.waiting.size)
        families.watched(
            "memory_budget_bytes",
            "What `process_resident_memory_bytes` may be; 0 is no limit.",
            lambda: self.budget.most,
        )
        families.watched("draining", "Whether the node is stopping: 1 or 0.", self._draining)
