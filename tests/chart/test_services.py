"""What is reached how: Services, routes, and the pods behind them."""

import re

import pytest
import yaml

from tests.chart.cluster import Cluster
from tests.chart.helms import Helm
from tests.chart.rendering import CASES, NAMESPACE, Rendering, Thing, Tree, rendered

pytestmark = pytest.mark.chart

ANYONE = {"loadBalancerIP": "", "loadBalancerSourceRanges": None, "sessionAffinity": "None"}


def behind(rendering: Rendering, service: Thing) -> list[Thing]:
    wanted = service.tree["spec"]["selector"].items()
    return [
        thing
        for thing in rendering.workloads
        if thing.namespace == service.namespace
        and wanted <= thing.template["metadata"]["labels"].items()
    ]


@pytest.mark.parametrize("case", CASES)
def test_a_service_finds_the_pods_of_one_workload_and_their_ports(case: str):
    rendering = rendered(case)
    for service in rendering.of("Service"):
        (thing,) = behind(rendering, service)
        ports = [port for one in thing.containers for port in one.get("ports", [])]
        names = {(port["name"], port["protocol"]) for port in ports}
        numbers = {(port["containerPort"], port["protocol"]) for port in ports}
        for port in service.tree["spec"]["ports"]:
            if not port["name"].startswith("relay-"):
                assert (port["targetPort"], port["protocol"]) in names | numbers, service


@pytest.mark.parametrize("case", CASES)
def test_a_workload_finds_its_own_pods(case: str):
    for thing in rendered(case).workloads:
        if thing.kind in ("Deployment", "DaemonSet"):
            labels = thing.template["metadata"]["labels"]
            assert thing.tree["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("case", CASES)
def test_no_two_workloads_are_found_by_one_selector(case: str):
    labels = [
        thing.template["metadata"]["labels"]["app.kubernetes.io/component"]
        for thing in rendered(case).workloads
    ]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("case", CASES)
def test_traffic_policies_and_classes_stand_where_kubernetes_takes_them(case: str):
    for service in rendered(case).of("Service"):
        spec = service.tree["spec"]
        outside = spec["type"] in ("LoadBalancer", "NodePort")
        assert ("externalTrafficPolicy" in spec) is outside, service
        assert "loadBalancerClass" not in spec or spec["type"] == "LoadBalancer", service


@pytest.mark.parametrize(
    ("case", "name", "address", "ranges", "affinity"),
    [
        ("load-balancer", "calls", "2001:db8::20", ["192.0.2.0/24", "2001:db8::/32"],
         {"clientIP": {"timeoutSeconds": 3600}}),
        ("relay-ports", "ringline-turn", "192.0.2.10", ["0.0.0.0/1", "128.0.0.0/1"], None),
    ],
)  # fmt: skip
def test_a_load_balancer_has_the_address_and_the_clients_that_it_may_have(
    case: str, name: str, address: str, ranges: list[str], affinity: object
):
    spec = rendered(case).one("Service", name).tree["spec"]
    assert spec["loadBalancerIP"] == address
    assert spec["loadBalancerSourceRanges"] == ranges
    assert spec["sessionAffinity"] == "ClientIP"
    assert spec.get("sessionAffinityConfig") == affinity


def test_without_a_word_of_it_clients_stay_with_no_pod_and_come_from_anywhere():
    for service in rendered("relay-ports", set_values={"turn": {"service": ANYONE}}).of("Service"):
        assert service.tree["spec"].get("sessionAffinity", "None") == "None"
        assert not {"loadBalancerIP", "loadBalancerSourceRanges"} & service.tree["spec"].keys()


@pytest.mark.parametrize("case", CASES)
def test_health_and_metrics_are_on_no_service_that_clients_reach(case: str):
    for service in rendered(case).of("Service"):
        if service.tree["spec"]["type"] != "ClusterIP":
            targets = {port["targetPort"] for port in service.tree["spec"]["ports"]}
            assert targets.isdisjoint({"admin", 9090, "turn-metrics", 9641})


@pytest.mark.parametrize("case", CASES)
def test_routes_lead_to_the_service(case: str):
    rendering = rendered(case)
    for route in rendering.of("HTTPRoute"):
        (rule,) = route.tree["spec"]["rules"]
        (backend,) = rule["backendRefs"]
        service = rendering.one("Service", backend["name"])
        assert backend["port"] in [port["port"] for port in service.tree["spec"]["ports"]]
    for ingress in rendering.of("Ingress"):
        for rule in ingress.tree["spec"]["rules"]:
            (path,) = rule["http"]["paths"]
            service = rendering.one("Service", path["backend"]["service"]["name"])
            names = [port["name"] for port in service.tree["spec"]["ports"]]
            assert path["backend"]["service"]["port"]["name"] in names


def test_a_route_does_not_end_a_websocket():
    (rule,) = rendered("full").one("HTTPRoute", "ringline").tree["spec"]["rules"]
    assert rule["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    without = rendered("full", set_values={"httpRoute": {"timeouts": None}})
    assert "timeouts" not in without.one("HTTPRoute", "ringline").tree["spec"]["rules"][0]


@pytest.mark.parametrize("case", ["nginx", "aws", "gke"])
def test_an_example_leaves_a_silent_websocket_an_hour(case: str):
    assert "3600" in rendered(case).text


def test_behind_an_alb_the_service_keeps_idle_connections_for_longer():
    rendering = rendered("aws")
    kept = rendering.one("ConfigMap", "ringline").tree["data"]["RINGLINE_KEEP_ALIVE"]
    (idle,) = re.findall(r"idle_timeout\.timeout_seconds=(\d+)", rendering.text)
    assert int(kept) > int(idle)


def test_turn_is_published_over_udp_tcp_and_tls_and_nothing_else():
    spec = rendered("full").one("Service", "ringline-turn").tree["spec"]
    assert [(p["port"], p["targetPort"], p["protocol"]) for p in spec["ports"]] == [
        (3478, 3478, "UDP"),
        (3478, 3478, "TCP"),
        (443, 5349, "TCP"),
    ]


@pytest.mark.parametrize("mode", ["sidecar", "daemonset"])
def test_tls_for_turn_is_passed_through_on_443_beside_https(mode: str):
    rendering = rendered("turn-443", set_values={"turn": {"mode": mode}})
    (route,) = rendering.of("IngressRouteTCP")
    (passed,) = route.tree["spec"]["routes"]
    (to,) = passed["services"]
    assert passed["match"] == "HostSNI(`turns.example.org`)"
    assert route.tree["spec"]["tls"]["passthrough"] is True
    ports = rendering.one("Service", to["name"], route.namespace).tree["spec"]["ports"]
    assert [p["targetPort"] for p in ports if p["port"] == to["port"]] == [5349]
    assert 443 not in [port["port"] for port in ports]
    (certificate,) = rendering.of("Certificate")
    names = certificate.tree["spec"]["dnsNames"]
    assert names == ["turn.example.org", "turns.example.org"]


def test_relay_ports_are_listed_one_by_one():
    ports = rendered("relay-ports").one("Service", "ringline-turn").tree["spec"]["ports"]
    relays = [port for port in ports if port["name"].startswith("relay-")]
    assert [port["port"] for port in relays] == list(range(49152, 49252))
    assert all(port["port"] == port["targetPort"] for port in relays)
    assert {port["protocol"] for port in relays} == {"UDP"}


RELAYING: Tree = yaml.safe_load(CASES["relay-ports"].read_text())
ALLOCATING: Tree = yaml.safe_load(CASES["relay-ports"].read_text())
ALLOCATING["turn"]["service"]["allocateLoadBalancerNodePorts"] = True


@pytest.mark.parametrize(
    ("values", "taken"),
    [({}, 2), (RELAYING, 0), (ALLOCATING, 103)],
    ids=["default", "relay-ports", "asked-for"],
)
def test_relay_ports_take_no_ports_of_the_nodes(api: Cluster, helm: Helm, values: Tree, taken: int):
    helm.install(values)
    ports = api.object(NAMESPACE, "services", "ringline-turn")["spec"]["ports"]
    assert len([port for port in ports if "nodePort" in port]) == taken


def test_the_sidecar_is_a_native_one():
    (coturn,) = rendered().one("Deployment", "ringline").pod["initContainers"]
    assert coturn["restartPolicy"] == "Always"


@pytest.mark.parametrize("case", ["external", "providers"])
def test_an_external_turn_server_brings_no_coturn(case: str):
    assert "coturn" not in rendered(case).text.replace('RINGLINE_TURN_PROVIDER: "coturn"', "")


@pytest.mark.parametrize("case", CASES)
def test_a_stopping_coturn_is_given_no_new_relays(case: str):
    """Kubernetes takes a terminating pod out of a Service, unless that publishes all addresses."""
    for service in rendered(case).of("Service"):
        assert "publishNotReadyAddresses" not in service.tree["spec"], service
