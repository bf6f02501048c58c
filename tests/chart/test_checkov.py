"""What checkov finds in the chart as rendered: nothing but what is meant to be so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chart.rendering import rendered

pytestmark = pytest.mark.chart

CHECKOV = Path(sys.executable).parents[1] / "checkov" / "bin" / "checkov"
PODS = {"ringline", "ringline-turn", "ringline-canary", "ringline-loadtest-1", "ringline-test"}
MEANT = {
    # A limit on CPU delays packets and heartbeats though the node has CPU left; requests share it.
    "CKV_K8S_11": PODS,
    # A tag of a release does not move, and a node that has it must start without its registry.
    "CKV_K8S_15": PODS,
    # `digest` is a value: what cannot be looked up is not invented.
    "CKV_K8S_43": PODS,
    # The nodes' own network is what turn.mode daemonset is for; its namespace says so.
    "CKV_K8S_19": {"ringline-turn"},
    # NET_BIND_SERVICE is a file capability of coturn's binary: without, the kernel runs it not.
    "CKV_K8S_25": {"ringline", "ringline-turn"},
    # `helm test` runs once and ends.
    "CKV_K8S_8": {"ringline-test"},
    "CKV_K8S_9": {"ringline-test"},
    # Locust's users take their key as a variable alone; it comes from the Secret itself.
    "CKV_K8S_35": {"ringline-loadtest-1"},
    # They only ask, wherever an operator tells them to; no policy holds on the nodes' network.
    "CKV2_K8S_6": PODS - {"ringline"},
}


def findings(folder: Path) -> dict[str, set[str]]:
    """The names of objects by the check that they fail."""
    if not CHECKOV.exists():
        pytest.skip("checkov is not installed; run: tools/checkov")
    done = subprocess.run(
        [CHECKOV, "--directory", folder, "--framework", "kubernetes",
         "--output", "json", "--quiet", "--skip-download"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 0
    found: dict[str, set[str]] = {}
    for one in report["results"]["failed_checks"]:
        # Kind.namespace.name, and for a pod of a workload its labels behind.
        found.setdefault(one["check_id"], set()).add(one["resource"].split(".")[2])
    return found


def test_it_finds_what_is_meant_and_nothing_else(tmp_path: Path):
    for case in ("full", "daemonset-node"):
        (tmp_path / f"{case}.yaml").write_text(rendered(case).text)
    found = findings(tmp_path)
    assert found.keys() == MEANT.keys()
    assert [check for check, names in found.items() if not names <= MEANT[check]] == []


def test_it_would_find_a_careless_pod(tmp_path: Path):
    pod = {"containers": [{"name": "a", "image": "a", "securityContext": {"privileged": True}}]}
    tree = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": pod}
    (tmp_path / "pod.yaml").write_text(json.dumps(tree))
    assert "CKV_K8S_16" in findings(tmp_path)
