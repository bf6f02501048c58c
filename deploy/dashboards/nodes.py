"""Which versions run, which nodes drain, and how long the store takes."""

from deploy.dashboards.board import Board, Look, Panel, Query, Row
from deploy.dashboards.promql import JOB, ORANGE, now, quantile, rate

_NODES = Row(
    "The nodes",
    (
        Panel(
            title="Nodes by version",
            meaning="Running nodes; a deployment has one. Two versions: an upgrade is under way, "
            "or stuck. None: look at its pod.",
            unit="short",
            queries=(Query(f"count by (version) (ringline_build_info{{{JOB}}})", "{{version}}"),),
            look=Look.STACK,
        ),
        Panel(
            title="Draining",
            meaning="Nodes that refuse new connections because they are about to stop. For more "
            "than a quarter of an hour: the drain does not end.",
            unit="short",
            queries=(Query(now("ringline_draining"), "draining"),),
            colors={"draining": ORANGE},
        ),
        Panel(
            title="Sessions by node",
            meaning="Joined devices. All gone at once: the node stopped, or the proxy before it "
            "did.",
            unit="short",
            queries=(Query(now("ringline_sessions", by="pod, instance"), "{{pod}} {{instance}}"),),
            look=Look.STACK,
        ),
    ),
)
_STORE = Row(
    "The store, in the node's memory",
    (
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
            meaning="By kind. Microseconds are normal; all slow: the node is overloaded, look at "
            "Runtime.",
            unit="s",
            queries=(Query(quantile(0.99, "ringline_store_seconds", by="op") + " >= 0", "{{op}}"),),
        ),
        Panel(
            title="Failures",
            meaning="Failed operations a second, by kind. Anything but 0: a fault of ours, see the "
            "log.",
            unit="ops",
            queries=(
                Query(rate("ringline_store_seconds_count", 'result="error"', by="op"), "{{op}}"),
            ),
        ),
    ),
)
NODES = Board(
    name="nodes",
    title="Nodes",
    description="Which versions run, which nodes drain, and how long the store takes.",
    rows=(_NODES, _STORE),
)
