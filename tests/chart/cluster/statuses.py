"""The status of objects when all has gone well: what `helm install --wait` looks at."""

from collections.abc import Callable

from tests.chart.rendering import Tree


def _pod(tree: Tree) -> Tree:
    ended = {"terminated": {"exitCode": 0, "reason": "Completed"}}
    return {
        "phase": "Succeeded",
        "conditions": [_true("Initialized"), _true("PodScheduled")],
        "containerStatuses": [
            {"name": one["name"], "ready": False, "restartCount": 0, "state": ended}
            for one in tree["spec"]["containers"]
        ],
    }


def _job(_: Tree) -> Tree:
    return {"succeeded": 1, "conditions": [_true("Complete")]}


def _deployment(tree: Tree) -> Tree:
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    finished = _true("Progressing") | {"reason": "NewReplicaSetAvailable"}
    return {
        **dict.fromkeys(counts, tree["spec"]["replicas"]),
        "observedGeneration": tree["metadata"]["generation"],
        "conditions": [_true("Available"), finished],
    }


def _replica_set(tree: Tree) -> Tree:
    return {"replicas": 1, "readyReplicas": 1, "observedGeneration": tree["metadata"]["generation"]}


def _daemon_set(tree: Tree) -> Tree:
    counts = ("currentNumberScheduled", "desiredNumberScheduled", "numberAvailable", "numberReady")
    return {
        **dict.fromkeys((*counts, "updatedNumberScheduled"), 1),
        "numberMisscheduled": 0,
        "observedGeneration": tree["metadata"]["generation"],
    }


def _true(condition: str) -> Tree:
    return {"type": condition, "status": "True"}


OF: dict[str, Callable[[Tree], Tree]] = {
    "daemonsets": _daemon_set,
    "deployments": _deployment,
    "jobs": _job,
    "pods": _pod,
    "replicasets": _replica_set,
}
"""By resource."""
