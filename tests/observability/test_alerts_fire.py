"""Every alert fires when it should and stops when it should, as promtool computes it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.alerts import burning as objectives
from deploy.alerts.build import alerts, groups
from deploy.alerts.rules import Alert, Group, Recording
from tests.observability.burning import BURNING
from tests.observability.resuming import RESUMING
from tests.observability.scenarios import SYMPTOMS, Scenario
from tests.support.prometheus import promtool

pytestmark = pytest.mark.e2e

SCENARIOS = SYMPTOMS + RESUMING + BURNING
BURN_GROUPS = {group.name for group in objectives.groups()}


def _rules(scenario: Scenario) -> list[Group]:
    """Those that the scenario needs; a week of all of them would take minutes."""
    if scenario in BURNING:
        return [group for group in groups() if group.name in BURN_GROUPS]
    return [replace(group, rules=_kept(group, scenario.alert)) for group in groups()]


def _kept(group: Group, alert: str) -> tuple[Recording | Alert, ...]:
    if group.name == "ringline-limits":
        return group.rules
    return tuple(rule for rule in group.rules if rule.name == alert)


def _question(scenario: Scenario) -> str:
    labels = {"alertname": scenario.alert, "alertstate": "firing", **scenario.labels}
    matchers = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    return f"count(ALERTS{{{matchers}}}) > bool 0"


def _document(scenario: Scenario) -> dict[str, Any]:
    asked = _question(scenario)
    quiet = [{"expr": asked, "eval_time": f"{at}m", "exp_samples": []} for at in scenario.quiet]
    fires = {"exp_samples": [{"labels": "{}", "value": 1}]}
    firing = [{"expr": asked, "eval_time": f"{at}m", **fires} for at in scenario.firing]
    series = [{"series": name, "values": values} for name, values in scenario.series.items()]
    return {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{objectives.EVERY_S}s",
        "tests": [
            {"interval": "1m", "input_series": series, "promql_expr_test": quiet + firing},
        ],
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_it_fires_and_stops(scenario: Scenario, tmp_path: Path):
    used = [group.document() for group in _rules(scenario)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": used}))
    test = tmp_path / "test.yaml"
    test.write_text(yaml.safe_dump(_document(scenario)))
    promtool("test", "rules", test)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: f"{alert.name} {alert.labels}")
def test_no_alert_is_left_out(alert: Any):
    shown = [
        scenario
        for scenario in SCENARIOS
        if scenario.alert == alert.name
        and alert.labels.get("long") in (None, scenario.labels.get("long"))
        and scenario.firing
    ]
    assert shown
    # It is quiet before it fires, and again afterwards.
    assert any(min(s.quiet) < min(s.firing) and max(s.firing) < max(s.quiet) for s in shown)
