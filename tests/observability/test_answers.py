"""Every question of the boards and rules has an answer, from a service under load."""

import pytest

from deploy.alerts.build import alerts, groups
from deploy.alerts.objectives import OBJECTIVES, OURS
from deploy.alerts.rules import Alert, Recording
from deploy.alerts.symptoms import TURN_PROBE
from service.cli.dev.coturn import installed
from tests.observability.boards import Question, metrics_in, questions
from tests.observability.conftest import BESIDE, NOT_HERE, Observed

pytestmark = pytest.mark.e2e

RECORDED = {rule.name for group in groups() for rule in group.rules if isinstance(rule, Recording)}


@pytest.mark.parametrize("question", questions(), ids=str)
def test_every_panel_has_data(observed: Observed, question: Question):
    has_data = question.has_data(observed.server, observed.since, observed.until)
    assert has_data or question.panel in NOT_HERE


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: f"{alert.name} {alert.labels}")
def test_both_sides_of_every_comparison_have_data(observed: Observed, alert: Alert):
    if alert is TURN_PROBE and not installed():
        pytest.skip("coturn is not installed; run: apt-get install coturn")
    for comparison in alert.when:
        for side in (comparison.left, comparison.right):
            answer = observed.server.query(side, at=observed.until)
            assert any(series.numbers for series in answer), side


def test_every_rule_is_evaluated_without_a_fault(observed: Observed):
    rules = observed.server.rules()
    assert {rule["health"] for rule in rules} == {"ok"}
    assert len(rules) == sum(len(group.rules) for group in groups())


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
def test_28_days_have_an_answer_after_seconds(observed: Observed, objective):
    budget = f'ringline:slo_budget_left:ratio28d{{slo="{objective.name}"}}'
    (answer,) = observed.server.query(budget, at=observed.until)
    assert answer.numbers


def test_boards_and_rules_ask_for_nothing_that_is_not_exported(observed: Observed):
    exported = {name for job in ("ringline", *BESIDE) for name in observed.server.metrics(job)}
    asked = {name for question in questions() for name in metrics_in(question.expr)}
    asked |= {name for group in groups() for rule in group.rules for name in metrics_in(rule.expr)}
    assert asked - exported - RECORDED == set()


def test_every_reason_of_ours_is_counted_from_the_start(observed: Observed):
    found = observed.server.query("ringline_connects_total", at=observed.until)
    assert set(OURS.split("|")) <= {series.labels.get("reason", "") for series in found}


def test_the_load_has_calls_of_every_outcome(observed: Observed):
    ended = observed.server.query("sum by (reason) (ringline_calls_total) > 0", at=observed.until)
    assert {series.labels["reason"] for series in ended} >= {
        "completed", "cancelled", "rejected", "busy", "no_answer", "connect_timeout",
        "media_failed", "connection_lost", "admin_terminated",
    }  # fmt: skip
    media = observed.server.query(
        "sum by (result) (ringline_call_media_total) > 0", at=observed.until
    )
    assert {series.labels["result"] for series in media} == {
        "direct", "relay", "failed", "unreported",
    }  # fmt: skip
