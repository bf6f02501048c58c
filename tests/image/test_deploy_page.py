"""docs/deploy.md by its own commands, from the image to a call.

Helm installs into a cluster that keeps objects and runs nothing; podman runs their pods.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chart.cluster import cluster
from tests.docs.pages import ROOT, commands, section
from tests.e2e.pages import flow, state, talking
from tests.image.conftest import ADDRESS
from tests.image.test_pod import DEBIANS_COTURN, conversation
from tests.support.browser import chromium, opened
from tests.support.debian_image import COTURN, coturn_image
from tests.support.network import Network, inside
from tests.support.pod import Manifest, Pod, played, pod
from tests.support.podman import Podman
from tests.support.waiting import PATIENCE_S, until

PAGE = ROOT / "docs" / "deploy.md"
NAMESPACE = "calls"
NAMES = ("ringline", "ringline.calls.svc", "ringline-turn.calls.svc", "calls.example.org")
INSTALL, TEST, TOKEN, *_ = commands(section(PAGE, "On a cluster"))
KEY, PROBE = commands(section(PAGE, "Is it up?"))


@dataclass(frozen=True, slots=True)
class Installed:
    """What the page's first commands have made."""

    notes: str
    manifests: list[Manifest]
    service: Pod
    test: Pod

    def token(self, user: str) -> str:
        """What the page's command prints for a user."""
        command = TOKEN[TOKEN.index("--") + 1 :]
        return self.service.executed("ringline", *(user if w == "alice" else w for w in command))

    def secret(self, name: str, key: str) -> str:
        """What a Secret holds."""
        (data,) = (
            tree["data"]
            for tree in self.manifests
            if (tree["kind"], tree["metadata"]["name"]) == ("Secret", name)
        )
        return base64.b64decode(data[key]).decode()


@pytest.fixture
def installed(podman: Podman, image: str, network: Network, tmp_path: Path) -> Iterator[Installed]:
    """The page's first installation, with the images that there are in the place of its own."""
    coturn_image(podman)
    with cluster(tmp_path) as api:
        notes = api.helm(*INSTALL[1:], *images({"image": image, "turn.image": COTURN}))
        api.helm(*TEST[1:])
        manifests = [tree for (space, *_), tree in api.objects.items() if space == NAMESPACE]
    network.know(tmp_path, dict.fromkeys(NAMES, ADDRESS))
    tested = api.object(NAMESPACE, "pods", "ringline-test")["spec"]
    with pod(podman, network, tmp_path / "service", manifests, ADDRESS, DEBIANS_COTURN) as service:
        network.run(until(lambda: "node.ready" in service.log("ringline"), "it", PATIENCE_S))
        with played(podman, network, tmp_path / "test", manifests, tested) as probe:
            yield Installed(notes, manifests, service, probe)


def images(names: dict[str, str]) -> list[str]:
    """Options of Helm that name other images."""
    chosen = []
    for value, name in names.items():
        repository, _, tag = name.rpartition(":")
        chosen += [f"{value}.repository={repository}", f"{value}.tag={tag}"]
    return ["--set", ",".join(chosen)]


@inside
async def test_from_the_image_to_a_call(
    network: Network, installed: Installed, podman: Podman, image: str
):
    assert installed.test.ended("probe") == 0, installed.test.log("probe")
    assert re.search(r"^turn [0-9.]+ ms$", installed.test.log("probe"), re.MULTILINE)
    assert f"  {' '.join(TOKEN)}\n" in installed.notes

    async with conversation(installed.token) as echoed:
        assert await echoed("anybody there?") == "anybody there?"

    assert "calls.example.org:8001 works." in podman(*probing(installed, image))
    await called_in_a_browser(installed)


def probing(installed: Installed, image: str) -> list[str]:
    """The page's probe, by podman; no TLS is before the service here."""
    (where,) = re.findall(r"get secret --namespace calls (\S+) .*\.data\.(\w+)\}", " ".join(KEY))
    there = {
        "RINGLINE_JWT_SECRET": f"RINGLINE_JWT_SECRET={installed.secret(*where)}",
        "registry.example.org/ringline:0.1.0": image,
        "https://calls.example.org": "http://calls.example.org:8001",
    }
    run, *words = (there.get(word, word) for word in PROBE[1:])
    return [run, "--network", "host", *words]


async def called_in_a_browser(installed: Installed) -> None:
    """As the page says, in two windows."""
    assert "`http://localhost:8001/#token=…`" in PAGE.read_text()
    complaints: list[str] = []
    async with chromium() as browser:
        alice, bob = [
            await opened(
                browser, f"http://localhost:8001/#token={installed.token(user)}", complaints
            )
            for user in ("alice", "bob")
        ]
        for page in (alice, bob):
            await state(page, "idle")
        await talking(alice, bob, "bob")
        await flow(bob, "video", "audio")
    assert complaints == []
