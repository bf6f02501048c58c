"""What the API server allocates to a Service, and what it refuses in one.

As the Kubernetes documentation of Services says, and `pkg/registry/core/service` does.
"""

import itertools
from typing import Any

from tests.chart.cluster.refusal import Refusal
from tests.chart.rendering import Tree

_OUTSIDE = ("NodePort", "LoadBalancer")
_free = itertools.count(30000)
_addresses = itertools.count(1)


def admit(key: tuple[str, str, str], tree: Tree, old: Tree | None) -> None:
    """Fill in what a Service leaves open; `old` is what it was.

    Raises:
        Refusal: 422, it is unsound.
    """
    if key[1] != "services":
        return
    spec = tree["spec"]
    spec.setdefault("type", "ClusterIP")
    balanced = spec["type"] == "LoadBalancer"
    if old and old["spec"]["type"] != spec["type"]:
        _drop_what_the_type_had(spec, old["spec"])
    _check(key[2], spec)
    if "clusterIP" not in spec:
        spec["clusterIP"] = f"10.96.0.{next(_addresses)}"
    if balanced:
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["type"] == "NodePort" or (balanced and spec["allocateLoadBalancerNodePorts"]):
        _allocate(spec["ports"])
    if balanced and spec.get("externalTrafficPolicy") == "Local":
        spec.setdefault("healthCheckNodePort", next(_free))


def _drop_what_the_type_had(spec: Tree, old: Tree) -> None:
    """What a Service of another type may not have goes, unless it was changed just now."""
    if spec["type"] not in _OUTSIDE:
        before = {port.get("nodePort") for port in old["ports"]}
        for port in spec["ports"]:
            if port.get("nodePort") in before:
                port.pop("nodePort", None)
        _drop(spec, old, "externalTrafficPolicy")
    if spec["type"] != "LoadBalancer":
        for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"):
            _drop(spec, old, name)


def _drop(spec: Tree, old: Tree, name: str) -> None:
    if name in spec and spec[name] == old.get(name):
        del spec[name]


def _allocate(ports: list[Tree]) -> None:
    """A node port for each that has none; the same for UDP and TCP of one number."""
    by_number: dict[Any, int] = {p["port"]: p["nodePort"] for p in ports if "nodePort" in p}
    for port in ports:
        if "nodePort" not in port:
            port["nodePort"] = by_number.setdefault(port["port"], next(_free))


def _check(name: str, spec: Tree) -> None:
    wrong = []
    ports = [(port["port"], port.get("protocol", "TCP")) for port in spec["ports"]]
    names = [port.get("name") for port in spec["ports"]]
    if len(set(ports)) < len(ports) or len(set(names)) < len(names):
        wrong.append("spec.ports: Duplicate value")
    if "externalTrafficPolicy" in spec and spec["type"] not in _OUTSIDE:
        wrong.append("spec.externalTrafficPolicy: may only be set for externally-accessible ones")
    if spec["type"] != "LoadBalancer":
        fields = {"allocateLoadBalancerNodePorts", "loadBalancerClass"} & spec.keys()
        wrong += [f"spec.{one}: may only be used when `type` is 'LoadBalancer'" for one in fields]
    if wrong:
        raise Refusal(422, "Invalid", f'Service "{name}" is invalid: {"; ".join(wrong)}')
