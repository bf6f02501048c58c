"""IPv4, IPv6 and both: nothing in the chart is of one family alone."""

import re
from pathlib import Path

import pytest

from deploy.build import CHART
from tests.chart.rendering import CASES, Refused, rendered
from tests.chart.test_settings_that_arrive import arrived

pytestmark = pytest.mark.chart


@pytest.mark.parametrize("case", CASES)
def test_services_have_the_families_of_the_cluster(case: str):
    for service in rendered(case).of("Service"):
        spec = service.tree["spec"]
        assert spec["ipFamilyPolicy"] == "PreferDualStack", service
        assert "ipFamilies" not in spec


def test_a_service_may_have_one_family():
    one = {"ipFamilyPolicy": "SingleStack"}
    rendering = rendered("default", set_values={"service": one, "turn": {"service": one}})
    policies = {s.name: s.tree["spec"]["ipFamilyPolicy"] for s in rendering.of("Service")}
    assert set(policies.values()) == {"SingleStack"}, policies
    with pytest.raises(Refused, match="ipFamilyPolicy"):
        rendered("default", set_values={"service": {"ipFamilyPolicy": "Both"}})


@pytest.mark.parametrize("case", ["default", "daemonset-node"])
def test_coturn_listens_and_relays_at_every_address_of_its_pod(case: str):
    (thing,) = [
        thing for thing in rendered(case).workloads if "coturn" in str(thing.pod["containers"])
        or "coturn" in str(thing.pod.get("initContainers"))
    ]  # fmt: skip
    containers = [*thing.pod["containers"], *thing.pod.get("initContainers", [])]
    (coturn,) = [one for one in containers if one["name"] == "coturn"]
    given = {one["name"]: one.get("valueFrom") for one in coturn["env"]}
    every = {"fieldRef": {"fieldPath": "status.podIPs"}}
    for name in ("LISTENING", "RELAY", "ALLOWED_PEER"):
        assert given[f"TURN_{name}_IP"] == every


@pytest.mark.parametrize(
    ("set_", "hosts"),
    [({}, ("*",)), ({"host": "::"}, ("::",)), ({"host": ["10.0.0.1", "::1"]}, ("10.0.0.1", "::1"))],
)
def test_where_the_service_listens_may_be_set(tmp_path: Path, set_: object, hosts: tuple[str, ...]):
    settings = arrived(rendered("default", set_values={"settings": set_}), tmp_path)
    assert settings.host == settings.admin_host == hosts


def test_no_template_has_an_address_of_one_family():
    """Networks come in pairs; whatever else listens or is asked goes by a name, or by both."""
    for template in (CHART / "templates").rglob("*"):
        if template.is_file() and template.name not in {"_turn.tpl", "networkpolicy.yaml"}:
            assert not re.search(r"\b(?:\d{1,3}\.){3}\d{1,3}\b", template.read_text()), template
