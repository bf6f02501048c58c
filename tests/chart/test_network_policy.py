"""Who may talk to whom."""

import ipaddress
import re
from typing import Any

import pytest
import yaml

from deploy.build import CHART
from tests.chart.rendering import CASES, NAMESPACE, Rendering, Thing, Tree, rendered

pytestmark = pytest.mark.chart

WITHOUT = {"load-balancer"}
RELAYED = ("1.1.1.1", "2606:4700::1111")
DENIED = """\
0.0.0.1 10.1.2.3 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1
192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1 198.18.0.1 198.51.100.1 203.0.113.1
224.0.0.1 255.255.255.255 ::1 64:ff9b::1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002::1
2620:4f:8000::1 3fff::1 5f00::1 fc00::1 fe80::1
"""


def policy(rendering: Rendering) -> Tree:
    (found,) = rendering.of("NetworkPolicy")
    spec: Tree = found.tree["spec"]
    return spec


def service_pod(rendering: Rendering) -> Thing:
    (found,) = [t for t in rendering.of("Deployment") if "canary" not in t.name]
    return found


@pytest.mark.parametrize("case", sorted(CASES.keys() - WITHOUT))
def test_it_opens_the_ports_that_the_containers_have_and_no_others(case: str):
    rendering = rendered(case)
    pod = service_pod(rendering)
    has = {
        (port["containerPort"], port["protocol"])
        for one in pod.containers
        for port in one.get("ports", [])
    }
    opened = [port for rule in policy(rendering)["ingress"] for port in rule["ports"]]
    relays = [port for port in opened if "endPort" in port]
    assert {(p["port"], p["protocol"]) for p in opened if p not in relays} == has
    assert bool(relays) is (case == "relay-ports")
    assert policy(rendering)["podSelector"]["matchLabels"].items() <= (
        pod.template["metadata"]["labels"].items()
    )


def test_relay_ports_are_opened_as_they_are_published():
    rendering = rendered("relay-ports")
    opened = [port for rule in policy(rendering)["ingress"] for port in rule["ports"]]
    (relays,) = [(p["port"], p["endPort"], p["protocol"]) for p in opened if "endPort" in p]
    assert relays == (49152, 49251, "UDP")
    env = {e["name"]: e.get("value") for e in service_pod(rendering).container("coturn")["env"]}
    assert (env["TURN_MIN_PORT"], env["TURN_MAX_PORT"]) == ("49152", "49251")


def reaches(rules: list[Tree], address: str) -> bool:
    """Whether a relay may send to an address."""
    blocks = [peer["ipBlock"] for rule in rules for peer in rule.get("to", [])]
    at = ipaddress.ip_address(address)
    return any(
        at in ipaddress.ip_network(block["cidr"])
        and not any(at in ipaddress.ip_network(network) for network in block["except"])
        for block in blocks
    )


@pytest.mark.parametrize("address", RELAYED)
def test_relays_reach_the_world(address: str):
    assert reaches(policy(rendered())["egress"], address)


@pytest.mark.parametrize("address", DENIED.split())
def test_relays_reach_no_special_range(address: str):
    assert not reaches(policy(rendered())["egress"], address)


def test_the_policy_denies_what_coturn_denies():
    """Two lists, of which the one in the pod has no way to be read by the other."""
    template = (CHART / "coturn" / "turnserver.conf.template").read_text()
    ends = re.findall(r"^denied-peer-ip=([0-9a-f.:]+)(?:-([0-9a-f.:]+))?$", template, re.MULTILINE)
    coturn = {
        network
        for first, last in ends
        for network in ipaddress.summarize_address_range(
            ipaddress.ip_address(first), ipaddress.ip_address(last or first)
        )
    }
    peers = [peer for rule in policy(rendered())["egress"] for peer in rule.get("to", [])]
    excepted = [network for peer in peers for network in peer["ipBlock"]["except"]]
    assert {ipaddress.ip_network(network) for network in excepted} == coturn


@pytest.mark.parametrize("address", ["198.41.7.7", "2620:1:2::7"])
def test_relays_do_not_reach_what_the_operator_denies(address: str):
    assert reaches(policy(rendered())["egress"], address)
    assert not reaches(policy(rendered("full"))["egress"], address)


@pytest.mark.parametrize("case", ["default", "full"])
def test_an_exception_lies_within_its_block_as_kubernetes_demands(case: str):
    for rule in policy(rendered(case))["egress"]:
        for peer in rule.get("to", []):
            outer = ipaddress.ip_network(peer["ipBlock"]["cidr"])
            for inner in map(ipaddress.ip_network, peer["ipBlock"]["except"]):
                assert inner.version == outer.version


def test_without_coturn_nothing_but_names_keys_and_turn_is_reached():
    egress = policy(rendered("external"))["egress"]
    ports = {(port["port"], port["protocol"]) for rule in egress for port in rule["ports"]}
    assert ports == {
        (53, "UDP"), (53, "TCP"),
        (443, "TCP"), (4318, "TCP"), (8443, "TCP"),
        (3478, "UDP"), (3478, "TCP"), (5349, "UDP"), (5349, "TCP"), (443, "UDP"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "port"),
    [({}, 443), ({"cloudflareApiUrl": "http://egress-proxy.internal:8080"}, 8080)],
)
def test_the_port_of_a_providers_api_is_reached(settings: Tree, port: int):
    values = {
        "settings": {"twilioAccountSid": None, **settings},  # an account that no provider reads
        "turn": {"providers": ["cloudflare"]},
        "networkPolicy": {"egressPorts": [4318]},
    }
    egress = policy(rendered("providers", set_values=values))["egress"]
    assert egress[1]["ports"] == [{"port": at, "protocol": "TCP"} for at in (4318, port)]


def test_metrics_are_for_the_cluster_alone():
    rules = policy(rendered())["ingress"]
    (admin,) = [rule for rule in rules if 9090 in [port["port"] for port in rule["ports"]]]
    assert admin["from"] == [{"namespaceSelector": {}}]


def test_clients_may_be_narrowed_down():
    peers: list[Any] = yaml.safe_load("[{namespaceSelector: {matchLabels: {name: gateways}}}]")
    spec = policy(rendered(set_values={"networkPolicy": {"clients": peers}}))
    assert spec["ingress"][0]["from"] == peers
    assert {NAMESPACE} == {p.namespace for p in rendered().of("NetworkPolicy")}
