"""What the controllers and the kubelet of a cluster do about objects, without running any."""

import copy
import hashlib
import json
import threading
from typing import Self

from tests.chart.cluster import statuses
from tests.chart.cluster.storage import Key, Storage
from tests.chart.rendering import Tree

DEADLINE = 30.0


class Controllers:
    """A thread that follows what happens in a storage, while its `with` block runs."""

    def __init__(self, storage: Storage, *, load_balancers: bool) -> None:
        self._storage = storage
        self._balanced = {"ingress": [{"ip": "192.0.2.1"}]} if load_balancers else {}
        self._seen = 0
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._storage.close()
        self._thread.join()

    def settle(self) -> None:
        """Wait until all that follows from what has happened is done."""
        storage = self._storage
        assert storage.settled(lambda: self._seen == storage.version, DEADLINE)

    def _follow(self) -> None:
        storage = self._storage
        while not storage.closed:
            with storage.changed:
                storage.changed.wait_for(lambda: storage.closed or storage.version > self._seen)
                seen = storage.version
                for key, tree in list(storage.objects.items()):
                    if key in storage.objects:
                        self._look_at(key, tree)
                self._seen = seen
                storage.changed.notify_all()

    def _look_at(self, key: Key, tree: Tree) -> None:
        if "deletionTimestamp" in tree["metadata"]:
            self._end(key)
        elif self._orphaned(tree):
            self._storage.delete(key)
        elif status := self._status(key, tree):
            self._storage.update(key, copy.deepcopy(tree) | {"status": status})

    def _end(self, key: Key) -> None:
        """A namespace takes all of its content along; a pod's processes end."""
        objects = self._storage.objects
        content = [other for other in objects if key[1:] == ("namespaces", other[0])]
        for other in content:
            self._storage.delete(other, 0)
        if key[1] in ("namespaces", "pods") and not content:
            self._storage.finish(key)

    def _orphaned(self, tree: Tree) -> bool:
        """Whether it is garbage: it had owners, and none is left."""
        owners = {owner["uid"] for owner in tree["metadata"].get("ownerReferences", [])}
        living = {other["metadata"]["uid"] for other in self._storage.objects.values()}
        return bool(owners) and owners.isdisjoint(living)

    def _status(self, key: Key, tree: Tree) -> Tree | None:
        if key[1] == "deployments":
            self._replica_set(key, tree)
        if key[1] == "services" and tree["spec"]["type"] == "LoadBalancer":
            return {"loadBalancer": self._balanced}
        return statuses.OF[key[1]](tree) if key[1] in statuses.OF else None

    def _replica_set(self, key: Key, tree: Tree) -> None:
        template = json.dumps(tree["spec"]["template"], sort_keys=True)
        name = f"{key[2]}-{hashlib.sha256(template.encode()).hexdigest()[:10]}"
        if (key[0], "replicasets", name) not in self._storage.objects:
            self._storage.create((key[0], "replicasets", name), _replica_set(name, tree))


def _replica_set(name: str, deployment: Tree) -> Tree:
    meta, spec = deployment["metadata"], copy.deepcopy(deployment["spec"])
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": meta["name"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "labels": spec["template"]["metadata"]["labels"],
            "ownerReferences": [owner | {"uid": meta["uid"], "controller": True}],
        },
        "spec": {part: spec[part] for part in ("replicas", "selector", "template")},
    }
