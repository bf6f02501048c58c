"""The rules of a real API server that the cluster of these tests keeps to."""

import json
import urllib.request
from urllib.error import HTTPError

import pytest

from tests.chart.cluster import Cluster, patching
from tests.chart.cluster.refusal import Refusal
from tests.chart.cluster.storage import Storage
from tests.chart.rendering import Tree

pytestmark = pytest.mark.chart

TURN: Tree = {
    "kind": "Service",
    "spec": {
        "ports": [
            {"name": "udp", "port": 3478, "protocol": "UDP", "targetPort": 3478},
            {"name": "tcp", "port": 3478, "protocol": "TCP", "targetPort": 3478},
        ]
    },
}


def named(name: str, **more: object) -> Tree:
    return {"metadata": {"name": name}, **more}


def test_an_object_needs_a_namespace_that_is_there(api: Cluster):
    with pytest.raises(Refusal, match='namespaces "calls" not found') as refused:
        api.create("calls", "secrets", named("ours"))
    assert refused.value.code == 404


def test_a_namespace_takes_all_that_is_in_it_along(api: Cluster):
    api.create("", "namespaces", named("calls"))
    api.create("calls", "secrets", named("ours"))
    api.storage.delete(("", "namespaces", "calls"))
    api.controllers.settle()
    assert not [key for key in api.objects if "calls" in key]


def test_what_has_a_finalizer_holds_itself_and_its_namespace(api: Cluster):
    api.create("", "namespaces", named("calls"))
    held = {"metadata": {"name": "held", "finalizers": ["example.org/wait"]}}
    api.create("calls", "configmaps", held)
    api.storage.delete(("", "namespaces", "calls"))
    api.controllers.settle()
    assert "deletionTimestamp" in api.object("calls", "configmaps", "held")["metadata"]
    with pytest.raises(Refusal, match="because it is being terminated") as refused:
        api.create("calls", "secrets", named("late"))
    assert refused.value.code == 403
    api.storage.update(("calls", "configmaps", "held"), named("held"))
    api.controllers.settle()
    assert not [key for key in api.objects if "calls" in key]


def test_a_pod_that_is_deleted_has_no_log(api: Cluster):
    api.create("default", "pods", named("one", spec={"containers": [{"name": "a"}]}))
    assert log(api, "one") == "ran:\n"
    api.storage.delete(("default", "pods", "one"))
    with pytest.raises(HTTPError) as refused:
        log(api, "one")
    assert json.load(refused.value)["reason"] == "NotFound"


def log(api: Cluster, pod: str) -> str:
    url = f"{api.url}/api/v1/namespaces/default/pods/{pod}/log"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - http, and our own
        return str(answer.read().decode())


def test_a_pod_that_runs_is_left_the_time_to_end():
    storage, key = Storage(), ("default", "pods", "one")
    storage.create(key, named("one", status={"phase": "Running"}))
    storage.delete(key)
    assert "deletionTimestamp" in storage.get(key)["metadata"]
    storage.delete(key, grace=0)
    assert key not in storage.objects


def test_a_strategic_patch_finds_a_port_by_its_number_alone():
    """Its known fault: of UDP and TCP with one number, the first is changed, whichever is meant."""
    patch = {"spec": {"ports": [{"port": 3478, "protocol": "TCP", "targetPort": 3479}]}}
    ports = patching.strategic(TURN, patch)["spec"]["ports"]
    assert [(port["protocol"], port["targetPort"]) for port in ports] == [
        ("TCP", 3479),
        ("TCP", 3478),
    ]


def test_server_side_apply_knows_the_protocol_too():
    wanted = {**TURN, "spec": {"ports": [TURN["spec"]["ports"][1] | {"targetPort": 3479}]}}
    ports = patching.applied(TURN, TURN, wanted)["spec"]["ports"]
    assert [(port["protocol"], port["targetPort"]) for port in ports] == [("TCP", 3479)]


def test_containers_and_their_variables_are_merged_by_name():
    def pod(*containers: Tree) -> Tree:
        return {"kind": "Pod", "spec": {"containers": list(containers)}}

    old = pod(
        {"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
        {"name": "b", "image": "b:1"},
    )
    env = [{"name": "X", "$patch": "delete"}, {"name": "Y", "value": "3"}]
    order = [{"name": "b"}, {"name": "a"}]
    patch = pod({"name": "a", "env": env})
    patch["spec"]["$setElementOrder/containers"] = order
    assert patching.strategic(old, patch) == pod(
        {"name": "b", "image": "b:1"}, {"name": "a", "env": [{"name": "Y", "value": "3"}]}
    )


def test_a_service_with_one_port_twice_is_refused(api: Cluster):
    ports = [{"name": name, "port": 3478, "protocol": "TCP"} for name in ("a", "b")]
    with pytest.raises(Refusal, match="Duplicate value") as refused:
        api.create("default", "services", named("turn", spec={"ports": ports}))
    assert refused.value.code == 422
