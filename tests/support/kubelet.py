"""The end of a pod as a kubelet brings it about: hooks and signals, in its order.

All hooks run at once. A container is sent SIGTERM when its hook is over; a sidecar, moreover, when
every other container has ended (KEP-753).
"""

import subprocess
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

from tests.support.pod import Manifest, Pod

_LEAST_S = 2
"""What a container has from its SIGTERM on, however long its hook took."""


def end(pod: Pod, spec: Manifest) -> dict[str, bool]:
    """End a pod of a specification; for each container, whether its hook was a success."""
    sidecars = [one for one in spec.get("initContainers", []) if "restartPolicy" in one]
    until = monotonic() + spec["terminationGracePeriodSeconds"]
    with ThreadPoolExecutor(8) as threads:
        first = [threads.submit(_end, pod, one, until) for one in spec["containers"]]
        last = [threads.submit(_end, pod, one, until, first) for one in sidecars]
        names = [one["name"] for one in (*spec["containers"], *sidecars)]
        return {name: one.result() for name, one in zip(names, (*first, *last), strict=True)}


def _end(
    pod: Pod, container: Manifest, until: float, before: "Sequence[Future[bool]]" = ()
) -> bool:
    succeeded = _hook(pod, container)
    for other in before:
        other.result()
    left = max(_LEAST_S, round(until - monotonic()))
    words = ("stop", "--time", str(left), f"{pod.name}-{container['name']}")
    pod.network.call(lambda: pod.podman(*words, timeout=left + 60))  # its mounts are there
    return succeeded


def _hook(pod: Pod, container: Manifest) -> bool:
    hook = container.get("lifecycle", {}).get("preStop", {})
    if "sleep" in hook:
        sleep(hook["sleep"]["seconds"])
    if "exec" not in hook:
        return True
    words = hook["exec"]["command"]
    command = pod.podman.command("exec", f"{pod.name}-{container['name']}", *words)
    done = subprocess.run(command, env=pod.podman.environ, capture_output=True, check=False)
    return done.returncode == 0
