"""The store, and the nodes that share it."""

from deploy.dashboards.board import Board, Grades, Look, Panel, Query, Row
from deploy.dashboards.promql import (
    GREEN,
    GREY,
    JOB,
    ORANGE,
    QUANTILE_COLORS,
    RED,
    SPAN,
    grown,
    now,
    quantile,
    quantiles,
    rate,
)

_STORE = Row(
    "The store",
    (
        Panel(
            title="Store",
            meaning="Whether it answers every node. Down: no call can be placed or accepted; "
            "relays inside live calls on one node go on.",
            unit="none",
            queries=(Query(now("ringline_store_up", over="min"), "store"),),
            look=Look.NUMBER,
            width=4,
            height=6,
            grades=Grades(fair=0.5, good=1),
            words={"0": "down", "1": "up"},
        ),
        Panel(
            title="Failed operations",
            meaning="Operations of the time shown that the store refused or did not answer. Each "
            "may be an event answered with store_unavailable.",
            unit="short",
            queries=(Query(grown("ringline_store_seconds_count", 'result="error"'), "failed"),),
            look=Look.NUMBER,
            width=4,
            height=6,
            grades=Grades(fair=10, good=1),
        ),
        Panel(
            title="Operation, p99",
            meaning="99 of 100 operations took no longer. Over 50 ms with a shared store: it is "
            "overloaded or far away. The memory store takes microseconds.",
            unit="s",
            queries=(Query(quantile(0.99, "ringline_store_seconds", window=SPAN), "p99"),),
            look=Look.NUMBER,
            width=4,
            height=6,
            grades=Grades(fair=0.25, good=0.05),
        ),
        Panel(
            title="Answers, by node",
            meaning="1 while the store answers the node. One node at 0: its way to the store is "
            "broken. All at 0: the store is.",
            unit="short",
            queries=(Query(now("ringline_store_up", by="pod, instance"), "{{pod}} {{instance}}"),),
            width=12,
            height=6,
            most=1,
        ),
        Panel(
            title="Operations",
            meaning="Operations a second, by kind. One that outgrows the calls: sweeps or retries "
            "run too often.",
            unit="ops",
            queries=(Query(rate("ringline_store_seconds_count", by="op"), "{{op}}"),),
            look=Look.STACK,
        ),
        Panel(
            title="Time of an operation, p99",
            meaning="By kind. All slow: store or network. One slow: its script is contended.",
            unit="s",
            queries=(Query(quantile(0.99, "ringline_store_seconds", by="op") + " >= 0", "{{op}}"),),
        ),
        Panel(
            title="Failures",
            meaning="Failed operations a second, by kind. Anything but 0: see the log for "
            "store.down and store.up.",
            unit="ops",
            queries=(
                Query(rate("ringline_store_seconds_count", 'result="error"', by="op"), "{{op}}"),
            ),
        ),
    ),
)
_NODES = Row(
    "The nodes",
    (
        Panel(
            title="Nodes by version",
            meaning="Running nodes. Two versions: a roll-out is under way, or stuck. A node less "
            "than there should be: look at its pod.",
            unit="short",
            queries=(Query(f"count by (version) (ringline_build_info{{{JOB}}})", "{{version}}"),),
            look=Look.STACK,
        ),
        Panel(
            title="Draining",
            meaning="Nodes that refuse newcomers since they are about to stop. For more than a "
            "quarter of an hour: it does not come to its end.",
            unit="short",
            queries=(Query(now("ringline_draining"), "draining"),),
            colors={"draining": ORANGE},
        ),
        Panel(
            title="Messages from other nodes that wait",
            meaning="By node; 0 on a single node. Steady growth: the node reads too slowly, and "
            "calls across nodes are late.",
            unit="short",
            queries=(
                Query(now("ringline_node_stream_lag", by="pod, instance"), "{{pod}} {{instance}}"),
            ),
        ),
        Panel(
            title="Sessions by node",
            meaning="Joined sessions. Very uneven: open sockets do not move by themselves; a drain "
            "spreads them.",
            unit="short",
            queries=(Query(now("ringline_sessions", by="pod, instance"), "{{pod}} {{instance}}"),),
            look=Look.STACK,
        ),
        Panel(
            title="Relay to a peer on another node",
            meaning="Arrival to the write to the peer's node. Over 250 ms: the store, which "
            "carries the messages, is slow. Empty on a single node.",
            unit="s",
            queries=quantiles("ringline_relay_seconds", 'scope="remote"'),
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Webhooks",
            meaning="Deliveries a second. failed: every retry failed; dropped: the queue was full. "
            "Pushes do not go out, so phones that sleep do not ring.",
            unit="cps",
            queries=(Query(rate("ringline_webhook_deliveries_total", by="result"), "{{result}}"),),
            colors={"ok": GREEN, "failed": RED, "dropped": GREY},
        ),
    ),
)
NODES = Board(
    name="nodes",
    title="Store and nodes",
    description="Whether the store answers, and how the nodes share the work.",
    rows=(_STORE, _NODES),
)
