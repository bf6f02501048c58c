"""As much of a Kubernetes cluster as Helm asks for: it keeps objects, and runs nothing.

    with cluster(folder) as api:
        api.helm("install", "ringline", CHART, "--namespace", "calls", "--create-namespace")
        api.object("calls", "secrets", "ringline-turn")

So `lookup` finds what an installation before has made, and what a real API server refuses, deletes
or merges in its own way is met here: `storage`, `services` and `patching` have its rules, `asking`
and `serving` its HTTP, `controllers` and `statuses` what its controllers and the kubelet add.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.chart.cluster.controllers import Controllers
from tests.chart.cluster.serving import server
from tests.chart.cluster.storage import Key, Storage
from tests.chart.rendering import Tree, helm

__all__ = ["Cluster", "Key", "cluster"]


@dataclass(slots=True, eq=False)
class Cluster:
    """One that has but the namespaces that every cluster has, at first."""

    url: str
    kubeconfig: Path
    storage: Storage
    controllers: Controllers

    def helm(self, *arguments: str | Path, given: str = "") -> str:
        """What Helm 3 says, with this as its cluster, when the controllers have followed.

        Raises:
            Refused: it ends with a failure.
        """
        try:
            return helm(*arguments, "--kubeconfig", self.kubeconfig, given=given)
        finally:
            self.controllers.settle()

    @property
    def objects(self) -> dict[Key, Tree]:
        """All that there are, by namespace (empty for what has none), resource and name."""
        return self.storage.objects

    def object(self, namespace: str, resource: str, name: str) -> Tree:
        """One that there is."""
        return self.objects[namespace, resource, name]

    def create(self, namespace: str, resource: str, tree: Tree) -> None:
        """Make one, as an operator does beside Helm."""
        self.storage.create((namespace, resource, tree["metadata"]["name"]), tree)
        self.controllers.settle()


@contextmanager
def cluster(folder: Path, *, load_balancers: bool = True) -> Iterator[Cluster]:
    """Serve one for the block, with its `kubeconfig` in the folder.

    Without `load_balancers`, Services of that type wait for an address for ever, as in kind.
    """
    storage = Storage()
    with (
        server(storage) as port,
        Controllers(storage, load_balancers=load_balancers) as controllers,
    ):
        url = f"http://127.0.0.1:{port}"
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(_kubeconfig(url))
        kubeconfig.chmod(0o600)
        yield Cluster(url, kubeconfig, storage, controllers)


def _kubeconfig(url: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": {"server": url}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": ""}}],
            "current-context": "here",
        }
    )
