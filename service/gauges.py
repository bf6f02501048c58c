"""What a node holds, as gauges: read when Prometheus asks, in another thread than the loop's."""

from collections.abc import Callable, Sized

from service.signalling.use_cases import UseCases
from service.telemetry.metrics.families import Families
from service.transport.guard.budget import Budget
from service.transport.guard.waiting import Waiting
from service.transport.socketio.totals import Totals


def watch(
    families: Families,
    *,
    signalling: UseCases,
    users: Sized,
    totals: Totals,
    waiting: Waiting,
    budget: Budget,
    draining: Callable[[], bool],
) -> None:
    """Declare the gauges, each of which looks at these objects when it is read."""
    connections = families.gauge("connections", "Open transports.", ("transport",))
    connections.labels("websocket").set_function(lambda: totals.websocket)
    connections.labels("polling").set_function(lambda: totals.polling)
    families.watched("sessions", "Joined sessions of this node.", lambda: len(signalling.directory))
    families.watched(
        "sessions_detached",
        "Resumable sessions whose connection was lost.",
        lambda: len(signalling.detached),
    )
    families.watched(
        "replay_bytes",
        "Kept for resumable sessions until they confirm it; 256 MiB at most.",
        lambda: signalling.replays.size,
    )
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
    received.labels("unknown").set_function(lambda: waiting.size)
    families.watched(
        "memory_budget_bytes",
        "What `process_resident_memory_bytes` may be; 0 is no limit.",
        lambda: budget.most,
    )
    families.watched("draining", "Whether the node is stopping: 1 or 0.", draining)
