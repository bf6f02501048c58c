"""The script that reads a node's public address, against an API with a certificate of its own."""

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from deploy.build import CHART
from tests.chart.rendering import rendered

pytestmark = pytest.mark.chart

SCRIPT = CHART / "files" / "node_address.py"
INSIDE = {"type": "InternalIP", "address": "10.0.0.7"}
OUTSIDE = {"type": "ExternalIP", "address": "192.0.2.7"}


@contextmanager
def api(account: Path, *addresses: dict[str, str]) -> Iterator[int]:
    """One that knows one node, and whose token and certificate lie in the folder; its port."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(account / "ca.crt"))
    (account / "token").write_text("the-token")

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/api/v1/nodes/node-7"
            allowed = self.headers["Authorization"] == "Bearer the-token"
            self.send_response(200 if known and allowed else 403)
            self.end_headers()
            self.wfile.write(json.dumps({"status": {"addresses": addresses}}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def run(port: int, account: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    environ = {
        "PATH": os.environ["PATH"],
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(port),
        "NODE_NAME": "node-7",
        "SERVICEACCOUNT": str(account),
    }
    return subprocess.run(
        [sys.executable, SCRIPT, target], env=environ, capture_output=True, text=True, check=False
    )


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
        "Node node-7 has no ExternalIP; set turn.externalIP or turn.discoverStun.\n"
    )
    assert not (tmp_path / "external_ip").exists()


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
