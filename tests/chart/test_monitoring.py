"""What watches an installation: rules, dashboards, monitors, the canary and `helm test`."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.alerts.build import FILE, alerts
from deploy.alerts.rules import BASE
from deploy.build import CHART
from tests.chart.rendering import CASES, NAMESPACE, rendered
from tests.support.prometheus import promtool

pytestmark = pytest.mark.chart


def rules(**values: Any) -> dict[str, Any]:
    (rule,) = rendered("full", set_values=values).of("PrometheusRule")
    spec: dict[str, Any] = rule.tree["spec"]
    return spec


def test_promtool_finds_no_fault_in_the_rules_as_rendered(tmp_path: Path):
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(rules()))
    assert "SUCCESS" in promtool("check", "rules", path)


def test_they_are_the_rules_that_are_tested_but_for_the_quota_and_the_runbook():
    text = json.dumps(rules())
    text = text.replace("https://wiki.example.org/ringline/docs/", f"{BASE}docs/")
    text = text.replace('"vector(4000)"', '"vector(100)"')
    assert json.loads(text) == yaml.safe_load((CHART / FILE).read_text())


def test_an_alert_leads_to_the_runbook():
    urls = [
        rule["annotations"]["runbook_url"]
        for group in rules()["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert len(urls) == len(alerts())
    assert all(url.startswith("https://wiki.example.org/ringline/docs/runbook.md#") for url in urls)


def test_the_quota_that_alerts_know_is_coturns():
    turn = {"totalQuota": 600}
    recorded = {
        r["record"]: r["expr"]
        for g in rules(turn=turn)["groups"]
        for r in g["rules"]
        if "record" in r
    }
    assert recorded["ringline:turn_total_quota"] == "vector(600)"
    pod = rendered("full", set_values={"turn": turn}).one("Deployment", "ringline")
    env = {one["name"]: one.get("value") for one in pod.container("coturn")["env"]}
    assert env["TURN_TOTAL_QUOTA"] == "600"


def test_without_one_there_is_a_relay_for_each_port():
    pod = rendered("relay-ports").one("Deployment", "ringline")
    env = {one["name"]: one.get("value") for one in pod.container("coturn")["env"]}
    assert env["TURN_TOTAL_QUOTA"] == "100"


def test_every_dashboard_is_shipped_as_it_is():
    boards = {
        name: text
        for one in rendered("full").of("ConfigMap")
        if one.labels.get("grafana_dashboard") == "1"
        for name, text in one.tree["data"].items()
    }
    assert boards == {p.name: p.read_text() for p in (CHART / "dashboards").glob("*.json")}


@pytest.mark.parametrize("case", CASES)
def test_a_monitor_finds_something_with_its_port(case: str):
    rendering = rendered(case)
    for monitor in rendering.of("ServiceMonitor"):
        wanted = monitor.tree["spec"]["selector"]["matchLabels"].items()
        (service,) = [s for s in rendering.of("Service") if wanted <= s.labels.items()]
        ports = {port["name"] for port in service.tree["spec"]["ports"]}
        assert {one["port"] for one in monitor.tree["spec"]["endpoints"]} <= ports
        assert monitor.tree["spec"]["jobLabel"] in service.labels
    for monitor in rendering.of("PodMonitor"):
        wanted = monitor.tree["spec"]["selector"]["matchLabels"].items()
        (thing,) = [
            thing
            for thing in rendering.workloads
            if wanted <= thing.template["metadata"]["labels"].items()
        ]
        assert thing.namespace == monitor.namespace
        named = {port["name"] for one in thing.containers for port in one.get("ports", [])}
        assert {one["port"] for one in monitor.tree["spec"]["podMetricsEndpoints"]} <= named


def test_there_is_a_monitor_for_coturn_and_for_the_canary():
    assert {m.name for m in rendered("full").of("PodMonitor")} == {
        "ringline-turn",
        "ringline-canary",
    }
    assert {m.name for m in rendered("external").of("PodMonitor")} == {"ringline-canary"}
    assert {m.namespace for m in rendered("daemonset-node").of("PodMonitor")} == {"calls-turn"}


def test_nothing_is_watched_unasked():
    kinds = {thing.kind for thing in rendered().things}
    assert kinds.isdisjoint({"ServiceMonitor", "PodMonitor", "PrometheusRule"})
    assert not [c for c in rendered().of("ConfigMap") if "grafana_dashboard" in c.labels]


def test_helm_test_probes_the_service_with_its_own_key():
    pod = rendered("full").one("Pod", "ringline-test")
    assert pod.tree["metadata"]["annotations"]["helm.sh/hook"] == "test"
    probe = pod.container("probe")
    assert probe["command"] == ["ringline", "probe"]
    assert probe["args"] == [
        "--url=http://ringline:8001",
        "--issuer=https://id.example.org",
        "--audience=calls",
    ]
    (volume,) = pod.pod["volumes"]
    assert volume["secret"]["secretName"] == "ringline-jwt"


def test_helm_test_takes_several_issuers_and_audiences():
    several = {"settings": {"jwtIssuer": ["https://a", "b"], "jwtAudience": "calls,phones"}}
    probe = rendered("full", set_values=several).one("Pod", "ringline-test").container("probe")
    assert "--issuer=https://a,b" in probe["args"]
    assert "--audience=calls,phones" in probe["args"]


def test_where_another_signs_it_takes_tokens_of_that_issuer():
    probe = rendered("external").one("Pod", "ringline-test").container("probe")
    assert probe["args"][-2:] == ["--token-a=$(TOKEN_A)", "--token-b=$(TOKEN_B)"]
    sources = [one["valueFrom"]["secretKeyRef"]["name"] for one in probe["env"]]
    assert sources == ["probe-tokens", "probe-tokens"]
    without = rendered(
        "external", set_values={"probe": {"existingSecret": "", "canary": {"enabled": False}}}
    )
    assert without.of("Pod") == []


def test_the_canary_calls_where_clients_do():
    canary = rendered("full").one("Deployment", "ringline-canary").container("canary")
    assert "--url=https://calls.example.org" in canary["args"]
    assert {"--every=30", "--metrics-port=9091"} <= set(canary["args"])
    assert rendered("full").one("Deployment", "ringline-canary").namespace == NAMESPACE
