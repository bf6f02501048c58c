"""Values that hold for every object, and for every pod."""

from collections.abc import Iterator

import pytest

from tests.chart.rendering import CASES, Thing, rendered

pytestmark = pytest.mark.chart

MIRROR = "registry.example.org/mirror"
OF_POD = {
    "imagePullSecrets": [{"name": "registry"}, {"name": "mirror"}],
    "priorityClassName": "calls",
    "hostAliases": [{"ip": "192.0.2.7", "hostnames": ["id.example.org"]}],
}
EVERYWHERE = {
    "global": {"imageRegistry": MIRROR, "imagePullSecrets": ["registry", {"name": "mirror"}]},
    "imagePullSecrets": [{"name": "registry"}],
    "commonLabels": {"team": "calls"},
    "commonAnnotations": {"example.org/contact": "calls"},
    "priorityClassName": "calls",
    "hostAliases": OF_POD["hostAliases"],
    "revisionHistoryLimit": 3,
}
COMPONENTS = {"service", "turn", "canary", "loadtest", "test"}


def chosen(case: str) -> Iterator[Thing]:
    """What the chart makes in a case."""
    for thing in rendered(case, set_values=EVERYWHERE).things:
        if "helm.sh/chart" in thing.labels:
            yield thing


@pytest.mark.parametrize("case", CASES)
def test_every_object_has_the_common_labels_and_annotations(case: str):
    for thing in chosen(case):
        assert thing.labels["team"] == "calls", thing
        assert thing.tree["metadata"]["annotations"]["example.org/contact"] == "calls", thing


@pytest.mark.parametrize("case", CASES)
def test_every_pod_has_them_and_what_pods_have_in_common(case: str):
    for thing in filter(lambda one: one.template, chosen(case)):
        metadata = thing.template["metadata"]
        assert metadata["labels"]["team"] == "calls", thing
        assert metadata["annotations"]["example.org/contact"] == "calls", thing
        assert {key: thing.pod.get(key) for key in OF_POD} == OF_POD, thing


def test_these_cases_have_every_pod_that_there_may_be():
    labels = [t.template["metadata"]["labels"] for c in CASES for t in rendered(c).workloads]
    assert {one["app.kubernetes.io/component"] for one in labels} == COMPONENTS


@pytest.mark.parametrize("case", CASES)
def test_what_an_object_says_itself_stays(case: str):
    """Beside a common annotation, and in place of one of the same name."""
    policy = {"commonAnnotations": {"helm.sh/resource-policy": "delete"}}
    for secret in rendered(case, set_values=policy).of("Secret"):
        assert secret.tree["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    by_itself = {str(thing): thing for thing in rendered(case).things}
    for thing in chosen(case):
        own = by_itself[str(thing)].tree["metadata"].get("annotations", {})
        assert own.items() <= thing.tree["metadata"]["annotations"].items()


@pytest.mark.parametrize("case", CASES)
def test_every_image_is_pulled_from_the_global_registry(case: str):
    images = [one["image"] for thing in chosen(case) if thing.template for one in thing.containers]
    assert images
    assert [image for image in images if not image.startswith(f"{MIRROR}/")] == []


@pytest.mark.parametrize(
    ("repository", "mirrored"),
    [
        ("localhost/ringline", "ringline"),
        ("ringline", "ringline"),
        ("coturn/coturn", "coturn/coturn"),
        ("registry.example.org/calls/ringline", "calls/ringline"),
        ("registry:5000/ringline", "ringline"),
    ],
)
def test_it_stands_in_place_of_the_registry_that_an_image_names(repository: str, mirrored: str):
    values = {"image": {"repository": repository}, "global": {"imageRegistry": MIRROR}}
    pod = rendered(set_values=values).one("Deployment", "ringline")
    assert pod.container("ringline")["image"].rpartition(":")[0] == f"{MIRROR}/{mirrored}"


def test_what_other_charts_have_in_global_is_let_in():
    assert rendered(set_values={"global": {"storageClass": "fast", "postgresql": {"a": 1}}}).things


@pytest.mark.parametrize("case", CASES)
def test_old_revisions_are_kept_as_many_as_are_wanted(case: str):
    for thing in chosen(case):
        if thing.kind in ("Deployment", "DaemonSet"):
            assert thing.tree["spec"]["revisionHistoryLimit"] == 3, thing


def test_an_update_goes_as_the_operator_says():
    recreate = {"type": "Recreate"}
    service = rendered(set_values={"updateStrategy": recreate}).one("Deployment", "ringline")
    assert service.tree["spec"]["strategy"] == recreate
    by_hand = {"turn": {"daemonset": {"updateStrategy": {"type": "OnDelete"}}}}
    (daemonset,) = rendered("daemonset-node", set_values=by_hand).of("DaemonSet")
    assert daemonset.tree["spec"]["updateStrategy"] == {"type": "OnDelete"}
    (daemonset,) = rendered("daemonset-stun").of("DaemonSet")
    assert daemonset.tree["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": "10%"}
