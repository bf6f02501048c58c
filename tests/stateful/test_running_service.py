"""The promises that hold whatever users, devices, networks and time do, in whatever order."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.stateful.machine import Calling
from tests.stateful.nodes import CallingOverTwoFarNodes, CallingOverTwoNodes

STEPS = 40


class CallingOverANetwork(Calling):
    """The same with stores that answer late, as behind a network: the races are real."""

    late_stores = True


def explore(machine: type[RuleBasedStateMachine], examples: int, *more: Phase) -> None:
    """Run so many random stories; with `Phase.shrink` a failing one is made short, which is long.

    Without it, the failure is what is shown, and not that the time for shrinking was up.
    """
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            database=None,
            phases=(Phase.generate, *more),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_the_promises_hold():
    explore(Calling, 25)


def test_they_hold_when_the_store_is_far_away():
    explore(CallingOverANetwork, 25)


@pytest.mark.parametrize("machine", [CallingOverTwoNodes, CallingOverTwoFarNodes])
def test_they_hold_over_two_nodes(machine: type[Calling]):
    explore(machine, 20)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("machine", "stories"),
    [
        (Calling, 300),
        (CallingOverANetwork, 300),
        (CallingOverTwoNodes, 100),
        (CallingOverTwoFarNodes, 100),
    ],
)
def test_they_hold_in_very_many_stories(machine: type[Calling], stories: int):
    explore(machine, stories, Phase.shrink)
