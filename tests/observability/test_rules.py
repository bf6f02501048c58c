"""The rules as a file: sound, and each alert with its way to the runbook."""

import re
from pathlib import Path
from urllib.parse import urldefrag

import pytest
import yaml

from deploy.alerts.build import FILE, alerts, groups
from deploy.alerts.burning import FEWEST_EVENTS, PAIRS
from deploy.alerts.objectives import OBJECTIVES, WELL_ENDED
from deploy.alerts.rules import BASE, RUNBOOK, Alert
from deploy.build import CHART
from service.calls.reasons import ENDINGS, Kind, of
from tests.docs.pages import ROOT, anchors
from tests.support.prometheus import promtool

pytestmark = pytest.mark.e2e

RULES = CHART / FILE
PAGES = ROOT / RUNBOOK
ALERTS = pytest.mark.parametrize(
    "alert", alerts(), ids=lambda alert: f"{alert.name} {alert.labels}"
)
BAD_SETUP = of(Kind.TROUBLE)
NEVER_ACCEPTED = of(Kind.DECLINED, Kind.UNANSWERED)


def sections() -> dict[str, str]:
    """The runbook's sections on alerts, by heading."""
    parts = re.split(r"^## (Ringline\w+)$", PAGES.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_promtool_finds_no_fault():
    assert "SUCCESS" in promtool("check", "rules", RULES)


def test_the_file_is_plain_rules_that_a_chart_may_wrap():
    document = yaml.safe_load(RULES.read_text())
    assert list(document) == ["groups"]
    assert [group["name"] for group in document["groups"]] == [group.name for group in groups()]


def test_the_objectives_are_those_of_the_design():
    targets = {objective.name: objective.target for objective in OBJECTIVES}
    assert targets == {"connect": 0.999, "setup": 0.995, "media": 0.99, "canary": 0.99}


def test_every_reason_is_a_good_end_a_bad_set_up_or_of_a_call_nobody_accepted():
    assert sorted([*WELL_ENDED.split("|"), *BAD_SETUP, *NEVER_ACCEPTED]) == sorted(ENDINGS)


def test_burn_rates_are_those_of_28_days():
    assert {(pair.long, pair.short): pair.factor for pair in PAIRS} == {
        ("1h", "5m"): 13.44,
        ("6h", "30m"): 5.6,
        ("1d", "2h"): 2.8,
        ("3d", "6h"): 0.93,
    }


def test_only_burn_rates_and_the_canary_page():
    paging = {alert.name for alert in alerts() if alert.severity == "page"}
    burning = {f"Ringline{objective.name.capitalize()}BudgetBurn" for objective in OBJECTIVES}
    assert paging == burning | {"RinglineCanaryFailing"}


def test_burn_rates_ask_for_fifty_events():
    for alert in alerts():
        if alert.name.endswith("BudgetBurn"):
            window = alert.labels["long"]
            assert f"ringline:slo_events:count{window}" in alert.expr
            assert alert.expr.endswith(f">= {FEWEST_EVENTS}")
    assert FEWEST_EVENTS == 50


@ALERTS
def test_an_alert_says_what_is_the_matter(alert: Alert):
    written = yaml.safe_load(RULES.read_text())
    (rule,) = [
        rule
        for group in written["groups"]
        for rule in group["rules"]
        if rule.get("alert") == alert.name and alert.labels.items() <= rule["labels"].items()
    ]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"].endswith(".")
    page, anchor = urldefrag(rule["annotations"]["runbook_url"].removeprefix(BASE))
    assert (ROOT / page).samefile(PAGES)
    assert anchor in anchors(PAGES)


@pytest.mark.parametrize(
    ("external", "link"),
    [
        ({}, "docs/runbook.md#ringlineturnprobefailing"),
        (
            {"ringline_docs": "https://docs.example/ringline"},
            "https://docs.example/ringline/docs/runbook.md#ringlineturnprobefailing",
        ),
    ],
)
def test_the_way_to_the_runbook_begins_where_the_operator_says(
    external: dict[str, str], link: str, tmp_path: Path
):
    series = 'ringline_turn_probe_success{namespace="calls", job="ringline"}'
    down = [{"series": series, "values": "0x9"}]
    (alert,) = [alert for alert in alerts() if alert.name == "RinglineTurnProbeFailing"]
    annotations = alert.document()["annotations"]
    assert isinstance(annotations, dict)
    told = {
        "exp_labels": {"severity": "ticket", "namespace": "calls", "job": "ringline"},
        "exp_annotations": {
            **annotations,
            "summary": "TURN relays nothing (ringline)",
            "runbook_url": link,
        },
    }
    asked = {"eval_time": "6m", "alertname": alert.name, "exp_alerts": [told]}
    case = {"interval": "1m", "input_series": down, "external_labels": external,
            "alert_rule_test": [asked]}  # fmt: skip
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [case]}))
    promtool("test", "rules", path)


def test_two_labels_do_not_run_together():
    assert not re.search(r"\}\}\{\{ \$labels", RULES.read_text())


def test_each_alert_has_its_section_and_each_section_its_alert():
    assert list(sections()) == list(dict.fromkeys(alert.name for alert in alerts()))


@pytest.mark.parametrize("name", dict.fromkeys(alert.name for alert in alerts()))
def test_a_section_tells_what_it_means_how_to_confirm_and_how_to_mend(name: str):
    section = sections()[name]
    leads = re.findall(r"^\*\*([\w ]+)\.\*\*", section, flags=re.MULTILINE)
    assert leads == ["Users see", "Confirm", "Fix"]
    assert "```promql" in section


def test_exporters_that_an_alert_needs_are_named_in_its_section():
    for alert in alerts():
        if alert.needs:
            assert f"Needs: {alert.needs}" in sections()[alert.name]


def test_the_log_events_of_the_runbook_are_logged():
    named = set(re.findall(r'event == "([a-z._]+)"', PAGES.read_text()))
    code = "".join(path.read_text() for path in (ROOT / "service").rglob("*.py"))
    assert {event for event in named if f'"{event}"' not in code} == set()
    assert len(named) > 5


def test_the_queries_of_the_runbook_can_be_parsed(tmp_path: Path):
    queries = re.findall(r"```promql\n(.*?)```", PAGES.read_text(), flags=re.DOTALL)
    rules = [
        {"record": f"runbook:query:{number}", "expr": query}
        for number, query in enumerate(line for block in queries for line in block.splitlines())
    ]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "runbook", "rules": rules}]}))
    promtool("check", "rules", path)
