"""TURN: what the service probes and fetches, and coturn's own metrics.

Names and types are those of coturn 4.17.1 (src/apps/relay/prom_server.c). Its counters are there
from their first event on, and those of traffic move only when a session ends.
"""

from deploy.dashboards.board import Board, Grades, Look, Panel, Query, Row
from deploy.dashboards.promql import (
    BLUE,
    GREEN,
    ORANGE,
    QUANTILE_COLORS,
    RED,
    SPACE,
    now,
    per_minute,
    quantiles,
    rate,
)

_FINISHED = "Counted when a session ends, so a long call shows late and all at once. "
_EXPIRY = now(
    "ringline_turn_credentials_expiry_timestamp_seconds", by="provider", where=SPACE, over="min"
)
_LIVE = Row(
    "Does TURN relay, and how much?",
    (
        Panel(
            title="Probe",
            meaning="Whether the service's last probe relayed a packet with fresh credentials. "
            "Fails: users behind strict NATs have no media. Empty where no TURN is set.",
            unit="none",
            queries=(
                Query(
                    # It is NaN before the first probe, and where there is none.
                    f"{now('ringline_turn_probe_success', where=SPACE, over='min')} >= 0",
                    "probe",
                ),
            ),
            look=Look.NUMBER,
            width=4,
            height=7,
            grades=Grades(fair=0.5, good=1),
            words={"0": "fails", "1": "works"},
        ),
        Panel(
            title="Live allocations",
            meaning="Relays open now: the live load. A browser opens several a call, one for each "
            "URL and interface.",
            unit="short",
            queries=(Query(now("turn_total_allocations"), "allocations"),),
            look=Look.NUMBER,
            width=4,
            height=7,
        ),
        Panel(
            title="Of the quota",
            meaning="Live allocations of the fullest server, of its total-quota. At 100 % new "
            "relays are refused (486). Needs the rules, with your quota in them.",
            unit="percentunit",
            queries=(
                Query(
                    f"{now('turn_total_allocations', by='pod, instance')}"
                    " / scalar(ringline:turn_total_quota)",
                    "{{pod}} {{instance}}",
                ),
            ),
            look=Look.GAUGE,
            width=4,
            height=7,
            most=1,
            grades=Grades(fair=0.8, good=0.6),
        ),
        Panel(
            title="Live allocations, by transport",
            meaning="How clients reach the relay. Mostly TCP or TLS: their networks block UDP, and "
            "quality suffers. Falls to 0 with calls going on: coturn restarted.",
            unit="short",
            queries=(Query(now("turn_total_allocations", by="type"), "{{type}}"),),
            look=Look.STACK,
            width=12,
            height=7,
            colors={"UDP": GREEN, "TCP": BLUE, "TLS/TCP": ORANGE},
        ),
        Panel(
            title="Probe: time to relay",
            meaning="Allocate and a packet relayed, as the service sees it. Over 250 ms: it "
            "is overloaded or far away.",
            unit="s",
            queries=quantiles("ringline_turn_probe_seconds", shares=(0.5, 0.95), where=SPACE),
            colors=QUANTILE_COLORS,
        ),
        Panel(
            title="Traffic with clients (finished sessions)",
            meaning=_FINISHED + "For the load of now see the live allocations. Far more sent than "
            "received: somebody downloads through the relay.",
            unit="Bps",
            queries=(
                Query(rate("turn_total_traffic_rcvb"), "received"),
                Query(rate("turn_total_traffic_sentb"), "sent"),
            ),
        ),
        Panel(
            title="Traffic with peers (finished sessions)",
            meaning=_FINISHED + "What is received from peers is sent to clients: a gap is loss "
            "inside the relay.",
            unit="Bps",
            queries=(
                Query(rate("turn_total_traffic_peer_rcvb"), "received"),
                Query(rate("turn_total_traffic_peer_sentb"), "sent"),
            ),
        ),
    ),
)
_PROVIDERS = Row(
    "Which provider serves?",
    (
        Panel(
            title="Provider that serves",
            meaning="Nodes whose clients are given this provider's servers. Not the first of "
            "RINGLINE_TURN_PROVIDER: that one fails. none: STUN alone, and users behind strict "
            "NATs have no media.",
            unit="short",
            queries=(
                Query(
                    now("ringline_turn_provider_serving", by="provider", where=SPACE),
                    "{{provider}}",
                ),
            ),
            look=Look.STACK,
            colors={"none": RED},
        ),
        Panel(
            title="Credentials that were fetched end in",
            meaning="The shortest that is left of the credentials of an account. Renewed every "
            "hour; it falls while fetches fail, and at 0 the next provider serves.",
            unit="s",
            queries=(
                # It is NaN before the first fetch.
                Query(f"({_EXPIRY} > 0) - time()", "{{provider}}"),
            ),
        ),
        Panel(
            title="Fetches of credentials",
            meaning="A minute, by how they ended. Failures that go on: the account is refused, or "
            "the provider cannot be reached; the log has why.",
            unit="cpm",
            queries=(
                Query(
                    per_minute("ringline_turn_fetches_total", by="provider, result", where=SPACE),
                    "{{provider}} {{result}}",
                ),
            ),
        ),
    ),
)
_HARM = Row(
    "Which requests are refused, which packets dropped?",
    (
        Panel(
            title="Without credentials",
            meaning="Answers of 401 a second, which every allocation gets once, before it shows "
            "credentials. Far more than allocations: wrong secrets, or an attack by reflection.",
            unit="cps",
            queries=(
                Query(rate("turn_unauthenticated_401_requests"), "requests"),
                Query(rate("turn_unauthenticated_401_responses"), "answered"),
                Query(rate("turn_unauthenticated_401_dropped_responses"), "dropped"),
            ),
            colors={"requests": BLUE, "answered": GREEN, "dropped": RED},
        ),
        Panel(
            title="Addresses watched for floods",
            meaning="Buckets of the 401 limit in use, of those there are. Near 100 %: a flood from "
            "many addresses, and innocent ones share its buckets.",
            unit="percentunit",
            queries=(
                Query(
                    f"{now('turn_ratelimit_occupied_buckets')} / "
                    f"{now('turn_ratelimit_total_buckets')}",
                    "in use",
                ),
            ),
            most=1,
        ),
        Panel(
            title="STUN bindings",
            meaning="Binding requests a second, their answers and errors. Without answers, clients "
            "do not learn their public address, and direct paths fail.",
            unit="cps",
            queries=(
                Query(rate("stun_binding_request"), "requests"),
                Query(rate("stun_binding_response"), "answers"),
                Query(rate("stun_binding_error"), "errors"),
            ),
            colors={"requests": BLUE, "answers": GREEN, "errors": RED},
        ),
        Panel(
            title="Packets",
            meaning="Incoming UDP packets a second, live. Dropped ones are malformed, or more than "
            "the server can take.",
            unit="pps",
            queries=(
                Query(rate("turn_packet_processed"), "processed"),
                Query(rate("turn_packet_dropped"), "dropped"),
            ),
            colors={"processed": GREEN, "dropped": RED},
        ),
        Panel(
            title="Packets of finished sessions",
            meaning=_FINISHED + "Many small packets: audio. Few of full size: data.",
            unit="pps",
            queries=(
                Query(rate("turn_total_traffic_rcvp"), "from clients"),
                Query(rate("turn_total_traffic_peer_rcvp"), "from peers"),
            ),
        ),
        Panel(
            title="Packets a system call",
            meaning="How many are read and written at once, live. Near 1 it idles; tens: it "
            "is busy, and packets wait.",
            unit="short",
            queries=(
                Query(
                    f"{rate('turn_udp_recvmmsg_packets')} / {rate('turn_udp_recvmmsg_calls')}",
                    "read",
                ),
                Query(
                    f"{rate('turn_udp_sendmmsg_datagrams')} / {rate('turn_udp_sendmmsg_flushes')}",
                    "written",
                ),
            ),
        ),
    ),
)
TURN = Board(
    name="turn",
    title="TURN",
    description="Whether TURN relays, how much, whose servers clients are given, and who is "
    "refused. coturn's traffic counters count finished sessions; the live load is its allocations.",
    rows=(_LIVE, _PROVIDERS, _HARM),
    # A gauge that coturn sets as it starts.
    known_by="turn_ratelimit_total_buckets",
)
