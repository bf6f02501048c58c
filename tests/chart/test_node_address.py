"""The script that reads a node's public address, against an API with a certificate of its own."""

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from deploy.build import CHART
from tests.chart.rendering import rendered
from tests.support.authority import STRICT, bare
from tests.support.https import serving

pytestmark = pytest.mark.chart

SCRIPT = CHART / "files" / "node_address.py"
INSIDE = {"type": "InternalIP", "address": "10.0.0.7"}
OUTSIDE = {"type": "ExternalIP", "address": "192.0.2.7"}


@contextmanager
def api(
    account: Path,
    *addresses: dict[str, str],
    metadata: dict[str, dict[str, str]] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """One that knows one node, and whose token and certificate lie in the folder; its port.

    Its authority has neither key usage nor key identifiers, as in many a cluster.
    """
    context = tls or bare(account, "127.0.0.1")
    (account / "token").write_text("the-token")
    node = {"metadata": metadata or {}, "status": {"addresses": addresses}}

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/api/v1/nodes/node-7"
            allowed = self.headers["Authorization"] == "Bearer the-token"
            self.send_response(200 if known and allowed else 403)
            self.end_headers()
            self.wfile.write(json.dumps(node).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(Answering, context) as port:
        yield port


def python() -> str:
    """The newest that runs here: the image's own verifies certificates strictly, from 3.13 on."""
    for name in ("python3.14", "python3.13"):
        found = shutil.which(name)
        if (
            found
            and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
        ):
            return found
    return sys.executable


def run(port: int, account: Path, target: Path, *place: str) -> "subprocess.CompletedProcess[str]":
    (account / "sitecustomize.py").write_text(STRICT)
    environ = {
        "PATH": os.environ["PATH"],
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(port),
        "NODE_NAME": "node-7",
        "SERVICEACCOUNT": str(account),
        "PYTHONPATH": str(account),
    }
    return subprocess.run(
        [python(), SCRIPT, target, *place],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_writes_the_public_address(tmp_path: Path):
    with api(tmp_path, INSIDE, OUTSIDE) as port:
        done = run(port, tmp_path, tmp_path / "external_ip")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "external_ip").read_text() == "192.0.2.7"


def test_a_node_with_an_address_of_each_family_has_both(tmp_path: Path):
    six = {"type": "ExternalIP", "address": "2001:db8::7"}
    with api(tmp_path, six, INSIDE, OUTSIDE) as port:
        assert run(port, tmp_path, tmp_path / "external_ip").returncode == 0
    assert (tmp_path / "external_ip").read_text() == "2001:db8::7,192.0.2.7"


def test_a_node_without_one_is_told_in_a_sentence(tmp_path: Path):
    with api(tmp_path, INSIDE) as port:
        done = run(port, tmp_path, tmp_path / "external_ip")
    assert done.returncode == 1
    assert done.stderr == (
        "Node node-7 has no ExternalIP; set turn.externalIP, turn.discoverStun, or "
        "turn.nodeAddress to the annotation or label that has its public address.\n"
    )
    assert not (tmp_path / "external_ip").exists()


KEY = "example.org/public"


@pytest.mark.parametrize(
    ("kind", "text", "written"),
    [
        ("annotation", "192.0.2.9", "192.0.2.9"),
        ("annotation", "2001:DB8::9", "2001:db8::9"),
        ("annotation", "192.0.2.9, 2001:db8::9", "192.0.2.9,2001:db8::9"),
        ("annotation", "192.0.2.9/24", "192.0.2.9"),  # as Calico keeps it
        ("label", "192.0.2.9", "192.0.2.9"),
    ],
)
def test_an_annotation_or_a_label_stands_in_for_external_ip(
    tmp_path: Path, kind: str, text: str, written: str
):
    with api(tmp_path, OUTSIDE, metadata={f"{kind}s": {KEY: text}}) as port:
        done = run(port, tmp_path, tmp_path / "external_ip", kind, KEY)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "external_ip").read_text() == written


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("annotation", None, "has no annotation example.org/public, which turn.nodeAddress."),
        (
            "label",
            "",
            "has no label example.org/public, which turn.nodeAddress.label names; set it.",
        ),
        ("label", "calls", "has 'calls' in the label example.org/public, where IP addresses are"),
        (
            "annotation",
            "192.0.2.9,",
            "has '192.0.2.9,' in the annotation example.org/public, where",
        ),
        ("annotation", "fe80::1", "which nobody outside the node can reach."),
        ("annotation", "0.0.0.0", "which nobody outside the node can reach."),
    ],
)
def test_what_is_missing_or_no_address_is_told_in_a_sentence(
    tmp_path: Path, kind: str, text: str | None, said: str
):
    held = {} if text is None else {KEY: text}
    with api(tmp_path, OUTSIDE, metadata={f"{kind}s": held}) as port:
        done = run(port, tmp_path, tmp_path / "external_ip", kind, KEY)
    assert done.returncode == 1
    assert done.stderr.startswith("Node node-7 has ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "external_ip").exists()


def test_another_authority_and_another_name_are_refused(tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    for served, folder in (("127.0.0.1", other), ("127.0.0.2", tmp_path)):
        bare(tmp_path, "127.0.0.1")
        with api(tmp_path, OUTSIDE, tls=bare(folder, served)) as port:
            done = run(port, tmp_path, tmp_path / "external_ip")
        assert done.returncode == 1
        assert done.stderr.startswith("Node node-7 cannot be read from the cluster's API: ")
        assert "certificate verify failed" in done.stderr


@pytest.mark.parametrize("kind", ["annotation", "label"])
def test_the_values_name_the_annotation_or_the_label(kind: str):
    chosen = {"turn": {"nodeAddress": {kind: KEY}}}
    (daemonset,) = rendered("daemonset-node", set_values=chosen).of("DaemonSet")
    (first,) = daemonset.pod["initContainers"]
    assert first["command"][2:] == ["/run/node/external_ip", kind, KEY]


def test_it_is_shipped_and_coturn_waits_for_what_it_wrote():
    rendering = rendered("daemonset-node")
    data = rendering.one("ConfigMap", "ringline-turn", "calls-turn").tree["data"]
    assert data["node_address.py"] == SCRIPT.read_text()
    (daemonset,) = rendering.of("DaemonSet")
    (first,) = daemonset.pod["initContainers"]
    assert first["command"][-1] == "/run/node/external_ip"
    assert (
        'TURN_EXTERNAL_IP="$(cat /run/node/external_ip)"'
        in daemonset.container("coturn")["command"][2]
    )
