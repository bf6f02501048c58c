"""The chart as Helm renders it, each rendering once a session.

    pod = rendered("default").one("Deployment", "ringline").pod

`rendered("full", kube="1.34")` takes `ci/full-values.yaml`, or the example of that name;
`set_values={"turn": {"host": "a"}}` are laid over them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.build import CHART

HELM = Path(sys.executable).with_name("helm")
KUBES = ("1.29", "1.34", "1.37")
CASES = {
    path.name.removesuffix("-values.yaml"): path
    for folder in ("ci", "examples")
    for path in sorted((CHART / folder).glob("*-values.yaml"))
}
RELEASE, NAMESPACE = "ringline", "calls"
Tree = dict[str, Any]


class Refused(Exception):
    """Helm renders nothing; the message is what it says."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One Kubernetes object."""

    tree: Tree

    @property
    def kind(self) -> str:
        return str(self.tree["kind"])

    @property
    def name(self) -> str:
        return str(self.tree["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.tree["metadata"].get("namespace", NAMESPACE))

    @property
    def labels(self) -> Tree:
        return dict(self.tree["metadata"].get("labels") or {})

    @property
    def template(self) -> Tree:
        """The pod that it is or makes, labels and all; empty when it is neither."""
        return self.tree if self.kind == "Pod" else self.tree.get("spec", {}).get("template") or {}

    @property
    def pod(self) -> Tree:
        """What that pod is to be."""
        spec: Tree = self.template["spec"]
        return spec

    @property
    def containers(self) -> list[Tree]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    def container(self, name: str) -> Tree:
        (found,) = [one for one in self.containers if one["name"] == name]
        return found

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Rendering:
    """Everything that an installation makes, and the text that Helm wrote."""

    text: str
    things: tuple[Thing, ...]

    def of(self, kind: str) -> list[Thing]:
        return [thing for thing in self.things if thing.kind == kind]

    def one(self, kind: str, name: str, namespace: str = NAMESPACE) -> Thing:
        found = [t for t in self.of(kind) if (t.name, t.namespace) == (name, namespace)]
        assert len(found) == 1, f"{len(found)} of {kind} {namespace}/{name}"
        return found[0]

    @property
    def workloads(self) -> Iterator[Thing]:
        """What is a pod or makes one."""
        return (thing for thing in self.things if thing.template)


def rendered(
    case: str = "default", *, kube: str = KUBES[-1], set_values: Mapping[str, Any] | None = None
) -> Rendering:
    """Render a case.

    Raises:
        Refused: Helm does not.
    """
    return _rendered(case, kube, json.dumps(set_values or {}))


@cache
def _rendered(case: str, kube: str, laid_over: str) -> Rendering:
    text = helm(
        "template", RELEASE, CHART, "--namespace", NAMESPACE, "--kube-version", kube,
        "--values", CASES[case], "--values", "-", given=laid_over,
    )  # fmt: skip
    trees = [tree for tree in yaml.safe_load_all(text) if tree]
    return Rendering(text, tuple(map(Thing, trees)))


def helm(*arguments: str | Path, given: str = "") -> str:
    """What Helm writes.

    Raises:
        Refused: it ends with a failure.
    """
    done = subprocess.run(
        [HELM, *arguments], input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(done.stdout + done.stderr)
    return done.stdout
