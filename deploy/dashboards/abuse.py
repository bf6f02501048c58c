"""Refused tokens, and clients over their limits or that send what is invalid."""

from deploy.dashboards.board import Board, Grades, Look, Panel, Query, Row
from deploy.dashboards.promql import GREEN, RED, grown, rate

_PROTOCOL = 'result=~"invalid_payload|unknown_event|not_participant|forbidden|not_joined"'
_ISSUED = rate("ringline_turn_credentials_issued_total", by="region")
_IDENTITY = Row(
    "Which tokens are refused?",
    (
        Panel(
            title="Refused tokens",
            meaning="In the time shown. Expired tokens come from devices that slept; thousands "
            "with a bad signature mean a wrong key, or an attack.",
            unit="short",
            queries=(Query(grown("ringline_auth_failures_total"), "refused"),),
            look=Look.NUMBER,
            width=6,
            height=5,
        ),
        Panel(
            title="Refused renewals",
            meaning="Live connections whose new token was refused, in the time shown. They are "
            "closed when the old one ends.",
            unit="short",
            queries=(
                Query(grown("ringline_token_refreshes_total", 'result="refused"'), "refused"),
            ),
            look=Look.NUMBER,
            width=6,
            height=5,
            grades=Grades(fair=10, good=1),
        ),
        Panel(
            title="Failed fetches of keys",
            meaning="Of the identity provider's keys, in the time shown. All failing: tokens "
            "signed with a new key are refused.",
            unit="short",
            queries=(Query(grown("ringline_jwks_fetches_total", 'result="failed"'), "failed"),),
            look=Look.NUMBER,
            width=6,
            height=5,
            grades=Grades(fair=3, good=1),
        ),
        Panel(
            title="Over a limit",
            meaning="Refusals by a limit, in the time shown. A client in a loop, or somebody who "
            "probes; the panel below says which limit.",
            unit="short",
            queries=(Query(grown("ringline_rate_limited_total"), "refusals"),),
            look=Look.NUMBER,
            width=6,
            height=5,
        ),
        Panel(
            title="Refused tokens",
            meaning="A second. token_expired rises: clients do not fetch fresh ones, or clocks "
            "differ. bad_signature: a wrong key, or forgery. unauthenticated: issuer, audience or "
            "claims do not fit. auth_unavailable: the keys cannot be fetched.",
            unit="cps",
            queries=(Query(rate("ringline_auth_failures_total", by="reason"), "{{reason}}"),),
        ),
        Panel(
            title="Renewed tokens",
            meaning="Tokens renewed on live connections, a second. None, with many sessions older "
            "than a token: clients do not answer auth:expiring, and are cut.",
            unit="cps",
            queries=(Query(rate("ringline_token_refreshes_total", by="result"), "{{result}}"),),
            colors={"ok": GREEN, "refused": RED},
        ),
        Panel(
            title="Fetches of the provider's keys",
            meaning="A second: one each 4 min and node, and for tokens of unknown keys. Only "
            "failures: see the alert RinglineJwksFailing. Flat at 0 where no RINGLINE_JWKS_URL is "
            "set.",
            unit="cps",
            queries=(Query(rate("ringline_jwks_fetches_total", by="result"), "{{result}}"),),
            colors={"ok": GREEN, "failed": RED},
        ),
    ),
)
_ABUSE = Row(
    "Which clients are refused?",
    (
        Panel(
            title="Over a limit",
            meaning="Refusals a second, by limit. Steady for one of them: a client in a loop; "
            "raise it (RINGLINE_RATE_LIMIT_SCALE) only if users are harmed.",
            unit="cps",
            queries=(Query(rate("ringline_rate_limited_total", by="scope"), "{{scope}}"),),
        ),
        Panel(
            title="Invalid events and broken rules",
            meaning="Events a second that were refused for what they are, by code, and connections "
            "ended for a broken rule of the protocol; the log says which rule. After a client's "
            "release: a fault of it. Else somebody probes.",
            unit="cps",
            queries=(
                Query(rate("ringline_events_total", _PROTOCOL, by="result"), "{{result}}"),
                Query(rate("ringline_protocol_errors_total"), "broken rules"),
            ),
        ),
        Panel(
            title="TURN credentials",
            meaning="Credentials handed out a second, by region. Many more than calls and joins: "
            "somebody collects them, see TURN for what they are used for.",
            unit="cps",
            queries=(
                Query(f'label_replace({_ISSUED}, "region", "(none)", "region", "")', "{{region}}"),
            ),
        ),
    ),
)
ABUSE = Board(
    name="abuse",
    title="Auth and abuse",
    description="Refused tokens, and clients over their limits or that send what is invalid.",
    rows=(_IDENTITY, _ABUSE),
)
