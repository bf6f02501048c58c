"""Every object, against the schemas of the Kubernetes versions that it may meet."""

from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.chart.rendering import CASES, KUBES, Refused, Thing, rendered

pytestmark = pytest.mark.chart

CUSTOM: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("custom.yaml").read_text())
"""Schemas for what Kubernetes itself does not know, by `apiVersion kind`."""


@pytest.mark.parametrize("kube", KUBES)
@pytest.mark.parametrize("case", CASES)
def test_every_object_is_sound(case: str, kube: str):
    for thing in rendered(case, kube=kube).things:
        check(thing, kube)


def check(thing: Thing, kube: str) -> None:
    custom = CUSTOM.get(f"{thing.tree['apiVersion']} {thing.kind}")
    if custom is None:
        used = kubernetes_validate.validate(thing.tree, kube, strict=True)
        assert used == kube, f"there are no schemas of {kube}, but of {used}"
    else:
        jsonschema.validate(thing.tree["spec"], custom)


@pytest.mark.parametrize("kube", KUBES)
def test_a_misspelt_field_would_be_found(kube: str):
    tree = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"typ": "b"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        check(Thing(tree), kube)


def test_a_misspelt_field_of_a_custom_object_would_be_found():
    route = rendered("full").one("HTTPRoute", "ringline").tree
    with pytest.raises(jsonschema.ValidationError):
        check(Thing({**route, "spec": {**route["spec"], "hostname": []}}), KUBES[0])


@pytest.mark.parametrize("case", CASES)
def test_no_two_objects_have_one_name(case: str):
    names = list(map(str, rendered(case).things))
    assert len(names) == len(set(names))


def test_objects_of_ones_own_are_templates_as_maps_and_as_text():
    names = {thing.name for thing in rendered("full").of("ConfigMap")}
    assert {"ringline-note", "ringline-text"} <= names


def test_an_older_kubernetes_is_refused_by_helm():
    with pytest.raises(Refused, match=r"requires kubeVersion: >=1\.29"):
        rendered(kube="1.28")
