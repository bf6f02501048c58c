"""What is measured from end to end, beside the single requests that Locust's client reports."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of Locust's reports."""

    kind: str
    name: str


SETUP = Measure("call", "call setup")
"""The caller's initiate to the answer's arrival, without the time that the callee lets it ring."""

RELAY = Measure("call", "relay")
"""An offer, answer or candidate, from one user's send to the other's receipt."""


BY_NOBODY = "ended by nobody"
"""A user was told that a call is over which nobody had ended: a failure, of kind `call`."""


def across(measure: Measure) -> Measure:
    """The same where one of the two came back meanwhile: no limit is for these."""
    return Measure(measure.kind, f"{measure.name} across a return")


def resumed(how: str) -> Measure:
    """Returns of this kind, from the loss of the connection to `user:joined`."""
    return Measure("resumed", how)


def outcome(call_type: str, reason: str) -> Measure:
    """Calls that ended so, as the caller was told; timed from the initiate to the end."""
    return Measure("ended", f"{call_type} {reason}")
