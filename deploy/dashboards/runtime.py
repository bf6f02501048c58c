"""The processes: processor, memory, files, and how late their event loops run."""

from deploy.dashboards.board import Board, Grades, Look, Panel, Query, Row
from deploy.dashboards.promql import POD, QUANTILE_COLORS, SPAN, now, quantile, quantiles, rate

_NODE = "{{pod}} {{instance}}"
_EACH = "pod, instance"
_LOOP = Row(
    "Do they keep up?",
    (
        Panel(
            title="Loop lag, p99",
            meaning="How late a tick of the event loop comes. Everything that a node does is as "
            "late. Over 100 ms: too much load for one core; the runbook has what to do.",
            unit="s",
            queries=(Query(quantile(0.99, "ringline_event_loop_lag_seconds", window=SPAN), "p99"),),
            look=Look.NUMBER,
            width=6,
            height=5,
            grades=Grades(fair=0.1, good=0.025),
        ),
        Panel(
            title="Processor",
            meaning="Cores in use, all nodes. A node uses one at most: near one each, they are "
            "full.",
            unit="none",
            queries=(Query(rate("process_cpu_seconds_total"), "cores"),),
            look=Look.NUMBER,
            width=6,
            height=5,
        ),
        Panel(
            title="Memory",
            meaning="Resident, all nodes. About 90 MiB for the process and 16 KiB for each session "
            "are normal; far more, and growing, is a leak.",
            unit="bytes",
            queries=(Query(now("process_resident_memory_bytes"), "resident"),),
            look=Look.NUMBER,
            width=6,
            height=5,
        ),
        Panel(
            title="Youngest node's age",
            meaning="Since the last start of any node. Always small: nodes crash, look at their "
            "last lines and at the memory limit.",
            unit="s",
            queries=(
                Query(f"time() - max(process_start_time_seconds{{{POD}}})", "since the last start"),
            ),
            look=Look.NUMBER,
            width=6,
            height=5,
        ),
        Panel(
            title="Loop lag",
            meaning="All nodes together. p99 over 100 ms: something computes too long at once; the "
            "alert is RinglineLoopLag.",
            unit="s",
            queries=quantiles("ringline_event_loop_lag_seconds"),
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Processor, by node",
            meaning="Share of one core, which is all a node can use. Over 80 % for long: relays "
            "get late.",
            unit="percentunit",
            queries=(Query(rate("process_cpu_seconds_total", by=_EACH), _NODE),),
        ),
        Panel(
            title="Memory, by node",
            meaning="Resident, and RINGLINE_MEMORY_BUDGET: above it nobody gets in. Grows while "
            "sessions do not: a leak, or something waits.",
            unit="bytes",
            queries=(
                Query(now("process_resident_memory_bytes", by=_EACH), _NODE),
                Query(now("ringline_memory_budget_bytes", over="min"), "budget"),
            ),
        ),
        Panel(
            title="Open files",
            meaning="Of those the process may open; a connection takes one. Near 100 %: newcomers "
            "are refused. Raise the limit (nofile).",
            unit="percentunit",
            queries=(
                Query(
                    f"{now('process_open_fds', by=_EACH)} / {now('process_max_fds', by=_EACH)}",
                    _NODE,
                ),
            ),
            most=1,
        ),
        Panel(
            title="Garbage collections",
            meaning="A second, by generation. Frequent ones of generation 2 show as loop lag.",
            unit="cps",
            queries=(
                Query(rate("python_gc_collections_total", by="generation"), "gen {{generation}}"),
            ),
        ),
        Panel(
            title="Log lines lost",
            meaning="Lines a second that were never written. Anything but 0: the log is read too "
            "slowly, or the disk is full; look at what collects the log.",
            unit="cps",
            queries=(Query(rate("ringline_log_lines_dropped_total"), "lost"),),
        ),
    ),
)
RUNTIME = Board(
    name="runtime",
    title="Runtime",
    description="The processes: processor, memory, files, and how late their event loops run.",
    rows=(_LOOP,),
)
