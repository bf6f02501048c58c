"""The pod that the chart renders, played by podman where a kubelet would run it.

podman 4.3 plays a part of what Kubernetes knows. What it lacks is put in its place here: the pod's
address, volumes (as folders of this machine) and sidecars (as containers). The rest of the pod is
played as it was rendered, with its users, capabilities, commands and variables.
"""

import base64
import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from tests.support.mounted import mount
from tests.support.network import Network
from tests.support.podman import Podman

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "ringline"
Manifest = dict[str, Any]


def rendered(values: Mapping[str, object]) -> list[Manifest]:
    """The chart's manifests under some values."""
    helm = shutil.which("helm", path=str(Path(sys.executable).parent))
    assert helm is not None, "helm is missing; run: make install"
    chosen = [
        word
        for name, value in values.items()
        for word in ("--set-json", f"{name}={json.dumps(value)}")
    ]
    done = subprocess.run(
        [helm, "template", "calls", CHART, *chosen], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that runs."""

    podman: Podman
    network: Network
    name: str
    folder: Path

    def log(self, container: str) -> str:
        """What one of its containers has said so far."""
        done = subprocess.run(
            self.podman.command("logs", f"{self.name}-{container}"), env=self.podman.environ,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout + done.stderr

    def share(self, *secrets: str) -> None:
        """Change the TURN secrets wherever they are mounted."""
        for volume in self.folder.iterdir():
            for file in volume.glob("turn_secret"):
                kept = {path.name: path.read_text() for path in volume.glob("[!.]*")}
                mount(volume, {**kept, file.name: ",".join(secrets)})

    def ended(self, container: str) -> int:
        """Wait for the end of one of its containers; its exit status."""
        return int(self.podman("wait", f"{self.name}-{container}"))

    def executed(self, container: str, *command: str) -> str:
        """Run a command in one of its containers; what it printed. Fails the test if it fails."""
        return self.podman("exec", f"{self.name}-{container}", *command)


@contextmanager
def pod(
    podman: Podman,
    network: Network,
    folder: Path,
    manifests: Sequence[Manifest],
    address: str,
    variables: Mapping[str, str | None],
) -> Iterator[Pod]:
    """Play the service's pod; coturn has these `variables` differently, or not at all if None."""
    with played(
        podman, network, folder, manifests, service_of(manifests), address, variables
    ) as it:
        yield it


@contextmanager
def played(
    podman: Podman,
    network: Network,
    folder: Path,
    manifests: Sequence[Manifest],
    spec: Manifest,
    address: str = "",
    variables: Mapping[str, str | None] = MappingProxyType({}),
) -> Iterator[Pod]:
    """Play the pod of a specification, whose Secrets and ConfigMaps are among the manifests."""
    name = f"ringline-{uuid.uuid4().hex[:8]}"
    volumes = folder / "volumes"
    for volume in spec["volumes"]:
        volume.update(_on_this_machine(volume, volumes, manifests))
    containers = [*spec.pop("initContainers", []), *spec["containers"]]
    for container in containers:
        _without_a_kubelet(container, address, variables if container["name"] == "coturn" else {})
    kept = {key: spec[key] for key in ("volumes", "securityContext")}
    played = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {**kept, "containers": containers, "hostNetwork": True, "restartPolicy": "Never"},
    }
    settings = [found for found in manifests if found["kind"] == "ConfigMap"]
    page = folder / "pod.yaml"
    page.write_text(yaml.safe_dump_all([*settings, played]))
    try:
        network.call(lambda: podman("play", "kube", page, timeout=120))
        yield Pod(podman, network, name, volumes)
    finally:
        network.call(lambda: podman("pod", "rm", "--force", "--ignore", "--time", "10", name))


def service_of(manifests: Sequence[Manifest]) -> Manifest:
    """The specification of the service's pod."""
    (deployment,) = (found for found in manifests if _is_service(found))
    spec: Manifest = deployment["spec"]["template"]["spec"]
    return spec


def _is_service(manifest: Manifest) -> bool:
    labels = manifest["metadata"].get("labels", {})
    return (manifest["kind"], labels.get("app.kubernetes.io/component")) == (
        "Deployment",
        "service",
    )


def _on_this_machine(volume: Manifest, folder: Path, manifests: Sequence[Manifest]) -> Manifest:
    """A volume as a folder of this machine, filled as the kubelet would."""
    name = volume.pop("name")
    files: dict[str, str] = {}
    for source in volume.get("projected", {}).get("sources", [volume]):
        files.update(_files(source, manifests))
    volume.clear()
    at = folder / name
    if files:
        mount(at, files)
    else:
        at.mkdir(parents=True)
        at.chmod(0o777)
    return {"name": name, "hostPath": {"path": str(at), "type": "Directory"}}


def _files(source: Manifest, manifests: Sequence[Manifest]) -> dict[str, str]:
    if "configMap" in source:
        found = _named(manifests, "ConfigMap", source["configMap"]["name"])
        return dict(found["data"])
    if "secret" in source:
        secret = source["secret"]
        found = _named(manifests, "Secret", secret.get("secretName") or secret["name"])
        plain = {**found.get("stringData", {})}
        plain |= {key: base64.b64decode(data).decode() for key, data in found["data"].items()}
        return {item["path"]: plain[item["key"]] for item in secret["items"]}
    return {}


def _named(manifests: Sequence[Manifest], kind: str, name: str) -> Manifest:
    (found,) = (one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


def _without_a_kubelet(
    container: Manifest, address: str, variables: Mapping[str, str | None]
) -> None:
    for key in ("restartPolicy", "lifecycle", "startupProbe", "livenessProbe", "readinessProbe"):
        container.pop(key, None)
    container.pop("ports", None)
    container["imagePullPolicy"] = "Never"
    for variable in container.get("env", []):
        if "fieldRef" in variable.get("valueFrom", {}):
            variable.pop("valueFrom")
            variable["value"] = address
    if variables:
        told = {one["name"]: one["value"] for one in container["env"]} | dict(variables)
        container["env"] = [
            {"name": name, "value": value} for name, value in told.items() if value is not None
        ]
