"""What the API server keeps, and what it says to who makes, changes and deletes objects."""

import copy
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.chart.cluster import services
from tests.chart.cluster.refusal import Refusal
from tests.chart.rendering import Tree

Key = tuple[str, str, str]
"""Namespace (empty for what has none), resource, name."""
FIRST = ("default", "kube-system")
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Event:
    """What a watch tells: `ADDED`, `MODIFIED` or `DELETED`, and the object as it was then."""

    version: int
    type: str
    key: Key
    tree: Tree


@dataclass(slots=True, eq=False)
class Storage:
    """Objects, and all that has happened to them since the start."""

    objects: dict[Key, Tree] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    def __post_init__(self) -> None:
        for name in FIRST:
            self.create(("", "namespaces", name), {"metadata": {"name": name}})

    @property
    def version(self) -> int:
        return len(self.events)

    def get(self, key: Key) -> Tree:
        """One that there is.

        Raises:
            Refusal: 404, there is none.
        """
        if key not in self.objects:
            raise Refusal(404, "NotFound", f'{key[1]} "{key[2]}" not found')
        return self.objects[key]

    def create(self, key: Key, tree: Tree) -> Tree:
        """Keep a new one.

        Raises:
            Refusal: 409, it is there; 404, its namespace is not; 403, that ends; 422, unsound.
        """
        with self.changed:
            self._namespace_takes(key)
            if key in self.objects:
                raise Refusal(409, "AlreadyExists", f'{key[1]} "{key[2]}" already exists')
            tree["metadata"] |= {
                "uid": str(uuid.uuid4()),
                "generation": 1,
                "creationTimestamp": now(),
                **({"namespace": key[0]} if key[0] else {}),
            }
            if key[1] == "namespaces":
                tree["status"] = {"phase": "Active"}
            services.admit(key, tree, None)
            return self._keep("ADDED", key, tree)

    def update(self, key: Key, tree: Tree) -> Tree:
        """Keep another state of one; one that was deleted goes with its last finalizer.

        Raises:
            Refusal: 404, there is none; 409, it is of a version that was; 422, it is unsound.
        """
        with self.changed:
            old = self.get(key)
            meta = tree["metadata"]
            if (
                meta.get("resourceVersion", old["metadata"]["resourceVersion"])
                != (old["metadata"]["resourceVersion"])
            ):
                raise Refusal(409, "Conflict", f'{key[1]} "{key[2]}" has been modified')
            for name in ("uid", "creationTimestamp", "deletionTimestamp", "generation"):
                if name in old["metadata"]:
                    meta[name] = old["metadata"][name]
            if "status" in old:
                tree.setdefault("status", old["status"])
            services.admit(key, tree, old)
            if tree.get("spec") != old.get("spec"):
                meta["generation"] += 1
            if "deletionTimestamp" in meta and not _held(key, tree):
                return self._remove(key)
            return tree if tree == old else self._keep("MODIFIED", key, tree)

    def delete(self, key: Key, grace: int | None = None) -> Tree:
        """Delete one, at once or, when something holds it, as soon as nothing does.

        A finalizer holds it; its content, a namespace; its processes, a pod, unless they have ended
        or `grace` is 0 seconds.

        Raises:
            Refusal: 404, there is none; 403, it is a namespace that stays.
        """
        with self.changed:
            tree = copy.deepcopy(self.get(key))
            if key[1] == "namespaces" and key[2] in FIRST:
                raise Refusal(403, "Forbidden", f'namespaces "{key[2]}" may not be deleted')
            if not _held(key, tree, grace):
                return self._remove(key)
            if "deletionTimestamp" not in tree["metadata"]:
                tree["metadata"]["deletionTimestamp"] = now()
                if key[1] == "namespaces":
                    tree["status"] = {"phase": "Terminating"}
                return self._keep("MODIFIED", key, tree)
            return tree

    def finish(self, key: Key) -> None:
        """Let one go that was deleted, and that nothing but its content or processes held."""
        with self.changed:
            if key in self.objects and not self.objects[key]["metadata"].get("finalizers"):
                self._remove(key)

    def watch(self, since: int, until: float) -> Iterator[Event]:
        """What happens after a version, until a time of `time.monotonic()`."""
        while not self.closed and time.monotonic() < until:
            with self.changed:
                news = self.events[since:]
                if not news:
                    self.changed.wait(until - time.monotonic())
            since += len(news)
            yield from news

    def close(self) -> None:
        """End all watches."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def settled(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so that follows from changes; whether it was in time."""
        with self.changed:
            return self.changed.wait_for(done, seconds)

    def _namespace_takes(self, key: Key) -> None:
        if not key[0]:
            return
        namespace = self.get(("", "namespaces", key[0]))
        if namespace["status"]["phase"] == "Terminating":
            raise Refusal(
                403,
                "Forbidden",
                f'{key[1]} "{key[2]}" is forbidden: unable to create new content in namespace '
                f"{key[0]} because it is being terminated",
            )

    def _keep(self, happened: str, key: Key, tree: Tree) -> Tree:
        tree["metadata"]["resourceVersion"] = str(self.version + 1)
        self.objects[key] = tree
        self._tell(happened, key, tree)
        return tree

    def _remove(self, key: Key) -> Tree:
        tree = self.objects.pop(key)
        self._tell("DELETED", key, tree)
        return tree

    def _tell(self, happened: str, key: Key, tree: Tree) -> None:
        self.events.append(Event(self.version + 1, happened, key, copy.deepcopy(tree)))
        self.changed.notify_all()


def _held(key: Key, tree: Tree, grace: int | None = None) -> bool:
    if tree["metadata"].get("finalizers") or key[1] == "namespaces":
        return True
    return key[1] == "pods" and grace != 0 and tree.get("status", {}).get("phase") not in ENDED


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
