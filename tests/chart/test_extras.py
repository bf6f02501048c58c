"""What operators add to the pods: it stands beside what the chart has, and takes nothing away."""

import pytest

from tests.chart.rendering import Thing, Tree, rendered

pytestmark = pytest.mark.chart


def pods() -> tuple[Thing, Thing]:
    """The service's and the DaemonSet's, with what their cases add."""
    (daemonset,) = rendered("daemonset-extras").of("DaemonSet")
    return rendered("extras").one("Deployment", "ringline"), daemonset


def names(things: list[Tree]) -> list[str]:
    return [thing["name"] for thing in things]


def test_containers_stand_beside_the_charts_and_init_containers_before_them():
    service, daemonset = pods()
    assert names(service.pod["initContainers"]) == ["ship-logs", "coturn"]
    assert names(service.pod["containers"]) == ["ringline", "rotate-logs"]
    assert names(daemonset.pod["initContainers"]) == ["wait-for-network", "node-address"]
    assert names(daemonset.pod["containers"]) == ["coturn", "capture"]


def test_without_a_sidecar_there_are_init_containers_all_the_same():
    values = {"extraInitContainers": [{"name": "a", "image": "a"}]}
    pod = rendered("external", set_values=values).one("Deployment", "ringline").pod
    assert names(pod["initContainers"]) == ["a"]


def test_environment_volumes_and_mounts_are_added():
    service, daemonset = pods()
    for thing, container, variable, volume in (
        (service, "ringline", "LOG_SHIPPER", "spool"),
        (service, "coturn", "TZ", "capture"),
        (daemonset, "coturn", "TZ", "capture"),
    ):
        one = thing.container(container)
        assert variable in names(one["env"])
        assert volume in names(one["volumeMounts"])
        assert volume in names(thing.pod["volumes"])
        assert len(one["volumeMounts"]) > 1


def test_coturn_serves_with_the_arguments_that_are_added():
    service, daemonset = pods()
    coturn = service.container("coturn")
    assert coturn["args"] == ["serve", "--verbose", "--relay-threads=2"]
    assert coturn["command"] == ["/bin/sh", "/etc/ringline-turn/entrypoint.sh"]
    coturn = daemonset.container("coturn")
    assert coturn["args"] == ["serve", "--verbose"]
    assert coturn["command"][2].endswith('exec /bin/sh /etc/ringline-turn/entrypoint.sh "$@"')
    assert "args" not in rendered().one("Deployment", "ringline").container("coturn")


def test_a_probe_is_changed_in_part_replaced_or_taken_away():
    service, daemonset = pods()
    default = rendered().one("Deployment", "ringline")
    ringline, before = service.container("ringline"), default.container("ringline")
    assert ringline["startupProbe"] == {**before["startupProbe"], "failureThreshold": 300}
    assert ringline["livenessProbe"]["exec"] == {"command": ["ringline", "--version"]}
    assert "httpGet" not in ringline["livenessProbe"]
    assert ringline["readinessProbe"] == before["readinessProbe"]
    coturn = service.container("coturn")
    assert coturn["livenessProbe"]["periodSeconds"] == 30
    assert "tcpSocket" in coturn["livenessProbe"]
    assert "tcpSocket" not in daemonset.container("coturn")["readinessProbe"]
    for one in rendered("null").one("Deployment", "ringline").containers:
        assert not {"startupProbe", "livenessProbe", "readinessProbe"} & one.keys()


def test_a_sidecar_does_not_decide_whether_the_service_is_ready():
    assert "readinessProbe" not in rendered().one("Deployment", "ringline").container("coturn")
