"""docs/deploy.md by its own commands, from the image to a call.

Helm installs into a cluster that keeps objects and runs nothing; podman runs their pods.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chart.cluster import Cluster, cluster
from tests.docs.pages import ROOT, blocks, section
from tests.image.conftest import ADDRESS
from tests.image.test_pod import DEBIANS_COTURN, conversation
from tests.support.debian_image import COTURN, coturn_image
from tests.support.network import Network, inside
from tests.support.pod import Manifest, Pod, played, pod
from tests.support.podman import Podman
from tests.support.waiting import PATIENCE_S, until

PAGE = ROOT / "docs" / "deploy.md"
NAMESPACE = "calls"
NAMES = ("ringline", "ringline.calls.svc", "ringline-turn.calls.svc")


@dataclass(frozen=True, slots=True)
class Installed:
    """What the page's first commands have made."""

    notes: str
    manifests: list[Manifest]
    service: Pod
    test: Pod


@pytest.fixture
def installed(podman: Podman, image: str, network: Network, tmp_path: Path) -> Iterator[Installed]:
    """The page's first installation, with the images that there are in the place of its own."""
    coturn_image(podman)
    there = images({"image": image, "turn.image": COTURN})
    install, test = commands("On a cluster")
    with cluster(tmp_path) as api:
        notes = helm(api, install, *there)
        helm(api, test)
        manifests = [tree for (space, *_), tree in api.objects.items() if space == NAMESPACE]
    network.know(tmp_path, dict.fromkeys(NAMES, ADDRESS))
    tested = api.object(NAMESPACE, "pods", "ringline-test")["spec"]
    with pod(podman, network, tmp_path / "service", manifests, ADDRESS, DEBIANS_COTURN) as service:
        network.run(until(lambda: "node.ready" in service.log("ringline"), "it", PATIENCE_S))
        with played(podman, network, tmp_path / "test", manifests, tested) as probe:
            yield Installed(notes, manifests, service, probe)


def commands(title: str) -> list[str]:
    """Those of a section's first block of commands."""
    (first, *_) = blocks(section(PAGE, title), "sh")
    return first.replace("\\\n", " ").splitlines()


def helm(api: Cluster, command: str, *more: str) -> str:
    """Do what the page has an operator do in the root of the clone."""
    program, *words = shlex.split(command)
    assert program == "helm"
    return api.helm(*(str(ROOT / w) if w.startswith("deploy/") else w for w in words), *more)


def images(names: dict[str, str]) -> list[str]:
    """Options of Helm that name other images."""
    chosen = []
    for value, name in names.items():
        repository, _, tag = name.rpartition(":")
        chosen += [f"{value}.repository={repository}", f"{value}.tag={tag}"]
    return ["--set", ",".join(chosen)]


@inside
async def test_from_the_image_to_a_call(network: Network, installed: Installed):
    assert installed.test.ended("probe") == 0, installed.test.log("probe")
    assert re.search(r"^turn [0-9.]+ ms$", installed.test.log("probe"), re.MULTILINE)

    (printed,) = re.findall(r"^ +kubectl exec .* -- (.*) alice$", installed.notes, re.MULTILINE)

    def signed(user: str) -> str:
        return installed.service.executed("ringline", *shlex.split(printed), user)

    async with conversation(signed) as echoed:
        assert await echoed("anybody there?") == "anybody there?"
