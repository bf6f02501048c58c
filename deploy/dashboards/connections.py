"""Connects, refusals and disconnects, and how fast messages are relayed."""

from deploy.alerts.objectives import CONNECT
from deploy.dashboards.board import Board, Grades, Look, Panel, Query, Row
from deploy.dashboards.promql import (
    GREEN,
    ORANGE,
    POD,
    QUANTILE_COLORS,
    RED,
    SPAN,
    grown,
    now,
    quantile,
    quantiles,
    rate,
)

_WHO = Row(
    "Who is connected?",
    (
        Panel(
            title="Users online",
            meaning="Users with a session. A sudden fall: clients lost their connections.",
            unit="short",
            queries=(Query(now("ringline_users_online"), "users"),),
            look=Look.NUMBER,
            width=4,
            height=5,
        ),
        Panel(
            title="Sessions",
            meaning="Joined devices. Many more than users: clients leave sessions behind.",
            unit="short",
            queries=(Query(now("ringline_sessions"), "sessions"),),
            look=Look.NUMBER,
            width=4,
            height=5,
        ),
        Panel(
            title="Connects that work",
            meaning="Connects without a fault of ours; refused tokens and rate limits count in no "
            "term. Under 99.9 %: users see the client as offline. Too much load, or our fault.",
            unit="percentunit",
            queries=(Query(CONNECT.good_share(SPAN, where=POD), "work"),),
            look=Look.NUMBER,
            width=4,
            height=5,
            most=1,
            grades=Grades(fair=0.995, good=0.999),
        ),
        Panel(
            title="Refused connects",
            meaning='Connects refused in the time shown, for whatever reason; "Refusals" tells '
            "which.",
            unit="short",
            queries=(Query(grown("ringline_connects_total", 'result="refused"'), "refused"),),
            look=Look.NUMBER,
            width=4,
            height=5,
        ),
        Panel(
            title="Time to connect, p95",
            meaning="Opening of the transport to the accepted CONNECT. Over a second: the identity "
            "provider is slow, or the node is overloaded.",
            unit="s",
            queries=(Query(quantile(0.95, "ringline_connect_seconds", window=SPAN), "p95"),),
            look=Look.NUMBER,
            width=4,
            height=5,
            grades=Grades(fair=2.5, good=0.5),
        ),
        Panel(
            title="Slow clients cut",
            meaning="Connections cut in the time shown because 1 MiB waited for them. A few are "
            "normal, phones without a network; many: the network to users is overloaded.",
            unit="short",
            queries=(Query(grown("ringline_slow_clients_closed_total"), "cut"),),
            look=Look.NUMBER,
            width=4,
            height=5,
            grades=Grades(fair=10, good=1),
        ),
        Panel(
            title="Open connections",
            meaning="Open transports. Much polling: a proxy on the way does not let WebSockets "
            "through.",
            unit="short",
            queries=(Query(now("ringline_connections", by="transport"), "{{transport}}"),),
            look=Look.STACK,
            colors={"websocket": GREEN, "polling": ORANGE},
        ),
        Panel(
            title="Sessions and users",
            meaning="Joined devices, and their users. Up and down at once: a proxy cuts many "
            "connections together, look at the disconnects.",
            unit="short",
            queries=(
                Query(now("ringline_sessions"), "sessions"),
                Query(now("ringline_users_online"), "users"),
            ),
        ),
        Panel(
            title="Waiting",
            meaning="Bytes queued for clients, and of clients, by whether their token is known. "
            "Steady growth of the first: clients, or the network to them, read too slowly; of the "
            "others: the node is slow, or somebody attacks who has no token.",
            unit="bytes",
            queries=(
                Query(now("ringline_send_queue_bytes"), "to be sent"),
                Query(now("ringline_receive_queue_bytes", by="token"), "to be handled: {{token}}"),
            ),
        ),
    ),
)
_COMING = Row(
    "Connects, disconnects and events",
    (
        Panel(
            title="Connects",
            meaning="Attempts a second, but the canary's. More refused than ok: look at the "
            "refusals beside.",
            unit="cps",
            queries=(
                Query(
                    rate("ringline_connects_total", 'result!="probe"', by="result"), "{{result}}"
                ),
            ),
            colors={"ok": GREEN, "refused": RED},
        ),
        Panel(
            title="Refusals",
            meaning="Refused connects a second, by code. internal, timeout and overloaded "
            "are our fault and count in the objective; the rest is the caller's doing.",
            unit="cps",
            queries=(
                Query(
                    rate("ringline_connects_total", 'result="refused"', by="reason") + " > 0",
                    "{{reason}}",
                ),
            ),
        ),
        Panel(
            title="Disconnects",
            meaning="Ended connections a second, by what ended them; client and transport are "
            "normal. Many ping_timeout: a network between users and service is broken.",
            unit="cps",
            queries=(
                Query(rate("ringline_disconnects_total", by="reason") + " > 0", "{{reason}}"),
            ),
        ),
        Panel(
            title="Time to connect",
            meaning="Opening of the transport to the accepted CONNECT. A p99 of seconds: tokens "
            "wait for keys to be fetched, or connects are admitted slowly.",
            unit="s",
            queries=quantiles("ringline_connect_seconds"),
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Events",
            meaning="Client events a second, by event. One that outgrows the others: a client in a "
            "loop.",
            unit="cps",
            queries=(Query(rate("ringline_events_total", by="event") + " > 0", "{{event}}"),),
        ),
        Panel(
            title="Events refused",
            meaning="Client events a second that were answered with an error, by code. "
            "invalid_payload: a faulty client; internal: a fault of ours, see the log.",
            unit="cps",
            queries=(
                Query(rate("ringline_events_total", 'result!="ok"', by="result"), "{{result}}"),
            ),
        ),
    ),
)
_RESUMING = Row(
    "Lost connections that come back",
    (
        Panel(
            title="Detached sessions",
            meaning="Resumable sessions without a connection. Many at once: a proxy or a network "
            "between users and service has cut them.",
            unit="short",
            queries=(Query(now("ringline_sessions_detached"), "detached"),),
        ),
        Panel(
            title="Resumed",
            meaning="Sessions taken up again a second. Many snapshots that are missed: clients do "
            "not confirm what they get; none: they come back too late.",
            unit="cps",
            queries=(
                Query(
                    rate("ringline_resumes_total", by="result, reason") + " > 0",
                    "{{result}} {{reason}}",
                ),
                Query(rate("ringline_sessions_given_up_total"), "given up"),
            ),
        ),
        Panel(
            title="Time away",
            meaning="From the loss of a connection to the next. Over seconds: clients notice late, "
            "or wait too long before they connect again.",
            unit="s",
            queries=quantiles("ringline_session_away_seconds"),
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Kept by their media",
            meaning="Parties that came back after the resume window, in the time shown, to a call "
            "that went on since the other side reported media. Many: clients take too long to come "
            "back.",
            unit="short",
            queries=(Query(grown("ringline_calls_kept_by_media_total"), "kept"),),
            look=Look.NUMBER,
            width=12,
        ),
        Panel(
            title="Kept for replay",
            meaning="What sessions have not confirmed, by pod. Near 256 MiB: those that keep most "
            "get a snapshot at their return, for clients do not confirm what they get.",
            unit="bytes",
            queries=(Query(now("ringline_replay_bytes", by="pod"), "{{pod}}"),),
            width=12,
        ),
    ),
)
_PASSING = Row(
    "Relayed messages",
    (
        Panel(
            title="Relay",
            meaning="From the arrival of a relayed message to the write to the peer. Over 250 ms "
            "at p99: the node is overloaded, look at Runtime.",
            unit="s",
            queries=quantiles("ringline_relay_seconds"),
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Handling of events, p99",
            meaning="Handling by event, its wait behind the session's other events not counted. "
            "All slow: the node is overloaded, look at Runtime.",
            unit="s",
            queries=(
                Query(quantile(0.99, "ringline_event_seconds", by="event") + " >= 0", "{{event}}"),
            ),
        ),
        Panel(
            title="Relayed bytes",
            meaning="Bytes a second by event, as received. Only signalling goes through here: more "
            "than some KiB a call means that a client sends data through it.",
            unit="Bps",
            queries=(Query(rate("ringline_relayed_bytes_total", by="event"), "{{event}}"),),
            look=Look.STACK,
        ),
    ),
)
CONNECTIONS = Board(
    name="connections",
    title="Connections",
    description="Connects, refusals and disconnects, and how fast messages are relayed.",
    rows=(_WHO, _COMING, _RESUMING, _PASSING),
)
