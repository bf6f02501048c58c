"""Rows of the dashboard Calls: how fast, how good, how many, how certain."""

from deploy.dashboards.board import Grades, Look, Panel, Query, Row
from deploy.dashboards.promql import (
    BLUE,
    GREEN,
    GREY,
    JOB,
    ORANGE,
    QUANTILE_COLORS,
    RED,
    SPACE,
    now,
    per_minute,
    quantile,
    quantiles,
    rate,
)

_UNREPORTED = 'result="unreported"'
_MEDIA_COLORS = {"direct": GREEN, "relay": BLUE, "failed": RED, "unreported": GREY}
FAST = Row(
    "How fast?",
    (
        Panel(
            title="Until it rings",
            meaning="Initiate to the first device that rings. Over a second: the node is "
            "overloaded, look at Runtime.",
            unit="s",
            queries=quantiles("ringline_call_alert_seconds"),
            width=6,
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Until somebody picks up",
            meaning="Ringing to the accept or the end. That is people: near the ring timeout, "
            "nobody is there.",
            unit="s",
            queries=quantiles("ringline_call_ring_seconds"),
            width=6,
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Set-up",
            meaning="Accept to the first answer. Over 3 s: clients are slow to open their "
            "devices, or relays are late, see Connections.",
            unit="s",
            queries=quantiles("ringline_call_setup_seconds"),
            width=6,
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Until media flows",
            meaning="Accept to the first report of media. Much more than the set-up: ICE finds "
            "its path late, often since only a relay works.",
            unit="s",
            queries=quantiles("ringline_media_connect_seconds"),
            width=6,
            colors=QUANTILE_COLORS,
        ),
    ),
)
GOOD = Row(
    "How good?",
    (
        Panel(
            title="Media path",
            meaning="How the media of accepted calls went, by share. Much relay costs traffic; "
            "failed is silence; unreported clients send no call:media.",
            unit="percentunit",
            queries=(
                Query(
                    f"{rate('ringline_call_media_total', by='result')} / ignoring (result) "
                    f"group_left () {rate('ringline_call_media_total')}",
                    "{{result}}",
                ),
            ),
            look=Look.STACK,
            width=6,
            most=1,
            colors=_MEDIA_COLORS,
        ),
        Panel(
            title="Quality (MOS)",
            meaning="Estimated listening quality as reported. p5: one report in twenty is worse. "
            "Under 3.1 nearly all are dissatisfied.",
            unit="none",
            queries=quantiles("ringline_media_mos", shares=(0.05, 0.5)),
            width=6,
            most=5,
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Round trip between peers",
            meaning="As reported. Over 300 ms people interrupt each other; if relayed, look for a "
            "TURN server that is nearer.",
            unit="s",
            queries=quantiles("ringline_media_rtt_seconds"),
            width=6,
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Packet loss",
            meaning="As reported. Over 2 % speech is harmed, over 5 % video stands still: the "
            "users' networks, or a TURN server at its limit.",
            unit="percentunit",
            queries=quantiles("ringline_media_packet_loss_ratio"),
            width=6,
            colors=QUANTILE_COLORS,
        ),
    ),
)
MANY = Row(
    "How many?",
    (
        Panel(
            title="Live calls",
            meaning="Calls that have not ended, by state. Many connecting: answers do not follow "
            "the accepts.",
            unit="short",
            queries=(Query(now("ringline_calls_live", by="state"), "{{state}}"),),
            look=Look.STACK,
            width=6,
            colors={"connected": GREEN, "connecting": ORANGE, "ringing": BLUE, "initiating": GREY},
        ),
        Panel(
            title="Calls by type",
            meaning="Ended calls a minute. A fall to nothing: see Connections, and the alert "
            "RinglineNoTraffic.",
            unit="cpm",
            queries=(Query(per_minute("ringline_calls_total", by="type"), "{{type}}"),),
            width=6,
        ),
        Panel(
            title="Duration",
            meaning="Accept to the end. A median of seconds means that people hang up on calls "
            "that do not work.",
            unit="s",
            queries=quantiles("ringline_call_duration_seconds", shares=(0.5, 0.95)),
            width=6,
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Accepts",
            meaning="Accepts a minute: of several devices one wins. Many lost: devices ring on "
            "after the call was answered.",
            unit="cpm",
            queries=(Query(per_minute("ringline_accept_races_total", by="result"), "{{result}}"),),
            width=6,
            colors={"won": GREEN, "lost": ORANGE},
        ),
    ),
)
PROOF = Row(
    "How sure is that?",
    (
        Panel(
            title="Calls that report their media",
            meaning="The share of accepted calls whose clients send call:media. Under a half: the "
            "figures on media speak of few, so update the clients. The 28 days need the rules.",
            unit="percentunit",
            queries=(
                Query(
                    f"1 - {rate('ringline_call_media_total', _UNREPORTED)}"
                    f" / {rate('ringline_call_media_total')}",
                    "now",
                ),
                Query(
                    now("ringline:media_reported:ratio_rate28d", where=JOB, over="min"), "28 days"
                ),
            ),
            most=1,
            colors={"now": BLUE, "28 days": GREY},
        ),
        Panel(
            title="Canary: steps that work",
            meaning="ringline probe, by step. A step that fails does so for users, too, "
            "whether or not any call at this moment. Empty without a probe.",
            unit="short",
            queries=(
                Query(
                    now("ringline_probe_success", by="step", where=SPACE, over="min"), "{{step}}"
                ),
            ),
            look=Look.GAUGE,
            most=1,
            grades=Grades(fair=0.5, good=1),
            words={"0": "fails", "1": "works"},
        ),
        Panel(
            title="Canary: time of its steps, p95",
            meaning="How long the probe's steps take. The relay has to take less than 250 ms. "
            "Empty without a probe.",
            unit="s",
            queries=(
                Query(quantile(0.95, "ringline_probe_seconds", by="step", where=SPACE), "{{step}}"),
            ),
        ),
    ),
)
