"""The dashboard Calls: did the calls work, and if not, why? call_figures.py has its other rows."""

from deploy.alerts.objectives import MEDIA, SETUP
from deploy.dashboards.board import Board, Grades, Look, Panel, Query, Row
from deploy.dashboards.call_figures import FAST, GOOD, MANY, PROOF
from deploy.dashboards.promql import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    POD,
    RED,
    SPACE,
    SPAN,
    grown,
    now,
    per_minute,
    quantile,
)
from service.calls.reasons import Kind, of

_TROUBLED = of(Kind.TROUBLE, Kind.MEDIA)
_SHADES = {
    Kind.GOOD: (GREEN, "semi-dark-green"),
    Kind.DECLINED: (GREY, "light-blue", "super-light-blue"),
    Kind.UNANSWERED: (BLUE, "purple", "light-purple"),
    Kind.TROUBLE: (ORANGE, "dark-orange", "dark-red", "yellow", "dark-yellow"),
    Kind.MEDIA: (RED, "light-red"),
    Kind.OPERATOR: ("light-green", "dark-green", "super-light-green"),
}
"""What the reasons of a kind are drawn in, in their order; the last is for the next one."""
_REASON_COLORS = {
    str(reason): shade
    for kind, shades in _SHADES.items()
    for reason, shade in zip(of(kind), shades, strict=False)
}
_WORKED = Row(
    "Did the calls work?",
    (
        Panel(
            title="Calls",
            meaning="Calls that ended in the time shown, whatever came of them. None, where there "
            "usually are some: clients do not reach the service, see the board Connections.",
            unit="short",
            queries=(Query(grown("ringline_calls_total"), "calls"),),
            look=Look.NUMBER,
            width=4,
            height=5,
        ),
        Panel(
            title="Set up",
            meaning="Of the accepted calls, the share that was set up and did not break. "
            'Under 99.5 %: people pick up and get nothing; "If not, why?" says for which reason.',
            unit="percentunit",
            queries=(Query(SETUP.good_share(SPAN, where=POD), "set up"),),
            look=Look.NUMBER,
            width=4,
            height=5,
            most=1,
            grades=Grades(fair=0.99, good=0.995),
        ),
        Panel(
            title="With media",
            meaning="Of the accepted calls whose clients report, the share with media, direct or "
            "relayed. Under 99 %: people pick up and hear nothing; look at the stages and at TURN.",
            unit="percentunit",
            queries=(Query(MEDIA.good_share(SPAN, where=POD), "with media"),),
            look=Look.NUMBER,
            width=4,
            height=5,
            most=1,
            grades=Grades(fair=0.98, good=0.99),
        ),
        Panel(
            title="Set-up, p95",
            meaning="Accept to the first answer: 95 of 100 accepted calls took no longer. Over 3 s "
            "people say hello twice; both clients and the relay between them have a part in it.",
            unit="s",
            queries=(Query(quantile(0.95, "ringline_call_setup_seconds", window=SPAN), "p95"),),
            look=Look.NUMBER,
            width=4,
            height=5,
            grades=Grades(fair=3, good=1.5),
        ),
        Panel(
            title="Quality, median MOS",
            meaning="Estimated listening quality from 1 to 4.5, by what clients report. Under 3.6 "
            "many are dissatisfied, under 3.1 nearly all: networks lose or delay too much.",
            unit="none",
            queries=(Query(quantile(0.5, "ringline_media_mos", window=SPAN), "MOS"),),
            look=Look.NUMBER,
            width=4,
            height=5,
            grades=Grades(fair=3.1, good=3.6),
        ),
        Panel(
            title="Answered",
            meaning="Of all calls, the share that somebody accepted. That is people, not the "
            "service; a sudden fall means that callees do not hear it ring.",
            unit="percentunit",
            queries=(
                Query(
                    f"{grown('ringline_call_media_total')} / {grown('ringline_calls_total')}",
                    "answered",
                ),
            ),
            look=Look.NUMBER,
            width=4,
            height=5,
            most=1,
        ),
        Panel(
            title="How calls end",
            meaning="Ended calls a minute, by reason. Grey, blue and violet are people's doing; "
            "what is yellow, orange or red is trouble.",
            unit="cpm",
            queries=(Query(per_minute("ringline_calls_total", by="reason"), "{{reason}}"),),
            look=Look.STACK,
            width=16,
            height=9,
            colors=_REASON_COLORS,
        ),
        Panel(
            title="Error budget left, of 28 days",
            meaning="What is left of the bad events that the objectives allow in 28 days. At 0 the "
            "objective is missed: changes should wait until it recovers. Needs the rules.",
            unit="percentunit",
            queries=(
                Query(
                    now("ringline:slo_budget_left:ratio28d", by="slo", where=SPACE, over="min"),
                    "{{slo}}",
                ),
            ),
            look=Look.GAUGE,
            width=8,
            height=9,
            most=1,
            grades=Grades(fair=0.1, good=0.5),
        ),
    ),
)
_WHY = Row(
    "If not, why?",
    (
        Panel(
            title="Troubled endings",
            meaning="Calls of the time shown that ended in trouble. "
            + " ".join(f"{reason}: {reason.when}." for reason in _TROUBLED),
            unit="short",
            queries=(
                Query(
                    grown("ringline_calls_total", f'reason=~"{"|".join(_TROUBLED)}"', by="reason"),
                    "{{reason}}",
                ),
            ),
            look=Look.GAUGE,
            width=8,
            colors=_REASON_COLORS,
        ),
        Panel(
            title="Where media fails",
            meaning="Calls a minute whose media failed. turn: a relay was refused, see TURN. "
            "connecting: no path was found; often no relay is reached. connected: it broke later.",
            unit="cpm",
            queries=(Query(per_minute("ringline_media_failed_total", by="stage"), "{{stage}}"),),
            colors={"turn": RED, "connecting": ORANGE, "connected": BLUE},
        ),
        Panel(
            title="Calls refused before they ring",
            meaning="Initiates a minute that were answered with an error. user_unavailable and "
            "user_busy are normal; internal, store_unavailable are faults, rate_limited is abuse.",
            unit="cpm",
            queries=(
                Query(
                    per_minute(
                        "ringline_events_total",
                        'event="call:initiate", result!="ok"',
                        by="result",
                    ),
                    "{{result}}",
                ),
            ),
        ),
    ),
)
CALLS = Board(
    name="calls",
    title="Calls",
    description="Did the calls work, and if not, why?",
    rows=(_WORKED, _WHY, FAST, GOOD, MANY, PROOF),
)
