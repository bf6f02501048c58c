"""The four objectives: what counts, and what counts as bad.

Identity refusals stand in neither term of `connect`: they are the caller's doing. One of them is
`auth_unavailable`, since a stranger can cause it with a made-up key; RinglineJwksFailing and
readiness tell of a provider that fails.
"""

from dataclasses import dataclass

from service.calls.reasons import Kind, of

OURS = "internal|timeout|overloaded"
"""Reasons for a refused connect that are our fault."""
WELL_ENDED = "|".join(of(Kind.GOOD, Kind.MEDIA, Kind.OPERATOR))
"""Reasons for which an accepted call may end without its set-up being at fault, as it is with
those of `Kind.TROUBLE`."""


@dataclass(frozen=True, slots=True)
class Objective:
    """A share of events that must be good over 28 days.

    `total` and `bad` are PromQL with three blanks: `<by>` for the labels to keep, `<where>` for
    label matchers, `<w>` for the window. Both are rates, for 0/0 is no ratio.
    """

    name: str
    target: float
    events: str
    total: str
    bad: str

    def total_over(self, window: str, *, by: str = "namespace, job", where: str = "") -> str:
        """Events a second."""
        return _filled(self.total, window, by, where)

    def bad_over(self, window: str, *, by: str = "namespace, job", where: str = "") -> str:
        """Bad events a second; 0 where there are events and no series says of a bad one."""
        bad, total = (
            _filled(self.bad, window, by, where),
            self.total_over(window, by=by, where=where),
        )
        return f"({bad}) or 0 * ({total})"

    def good_share(self, window: str, *, where: str = "") -> str:
        """The share of good events, all deployments together."""
        bad = self.bad_over(window, by="", where=where)
        return f"1 - ({bad}) / ({self.total_over(window, by='', where=where)})"


def _filled(expr: str, window: str, by: str, where: str) -> str:
    expr = expr.replace("<by>", f"by ({by}) " if by else "").replace("<w>", window)
    if not where:
        expr = expr.replace("{<where>}", "").replace("<where>, ", "")
    return expr.replace("<where>", where)


_ACCEPTED = "sum <by>(rate(ringline_call_media_total{<where>}[<w>]))"
_RUNS = "sum <by>(rate(ringline_probe_runs_total{<where>}[<w>]))"
_IN_TIME = 'sum <by>(rate(ringline_probe_seconds_bucket{<where>, step="relay", le="0.25"}[<w>]))'

CONNECT = Objective(
    name="connect",
    target=0.999,
    events="connects",
    # An accepted connect has no reason, and the canary's has one of its own.
    total=f'sum <by>(rate(ringline_connects_total{{<where>, reason=~"|{OURS}"}}[<w>]))',
    bad=f'sum <by>(rate(ringline_connects_total{{<where>, reason=~"{OURS}"}}[<w>]))',
)
SETUP = Objective(
    name="setup",
    target=0.995,
    events="accepted calls",
    total=_ACCEPTED,
    # The same reasons end calls that nobody accepted, which have no part in this: hence the
    # accepted ones less those that ended well, rather than a sum over the bad reasons.
    bad=f"clamp_min({_ACCEPTED} - "
    f'sum <by>(rate(ringline_calls_total{{<where>, reason=~"{WELL_ENDED}"}}[<w>])), 0)',
)
MEDIA = Objective(
    name="media",
    target=0.99,
    events="reported calls",
    total='sum <by>(rate(ringline_call_media_total{<where>, result!="unreported"}[<w>]))',
    bad='sum <by>(rate(ringline_call_media_total{<where>, result="failed"}[<w>]))',
)
CANARY = Objective(
    name="canary",
    target=0.99,
    events="probe runs",
    total=_RUNS,
    # A run that never came to its relay is as bad as a slow one.
    bad=f"clamp_min({_RUNS} - ({_IN_TIME} or 0 * {_RUNS}), 0)",
)
OBJECTIVES = (CONNECT, SETUP, MEDIA, CANARY)
