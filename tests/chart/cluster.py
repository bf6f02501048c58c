"""As much of the Kubernetes API as Helm asks for, on loopback: it keeps objects, and runs nothing.

    with cluster(folder) as api:
        api.helm("install", "ringline", CHART, "--namespace", "calls")
        api.object("calls", "secrets", "ringline-turn")

So `lookup` finds what an installation before has made, as in a real cluster.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.chart import protobuf
from tests.chart.rendering import Tree, helm

GROUPS = {
    "v1": {
        "ConfigMap": "configmaps",
        "Namespace": "namespaces",
        "Pod": "pods",
        "Secret": "secrets",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {"DaemonSet": "daemonsets", "Deployment": "deployments"},
    "batch/v1": {"Job": "jobs"},
    "cert-manager.io/v1": {"Certificate": "certificates"},
    "cloud.google.com/v1": {"BackendConfig": "backendconfigs"},
    "gateway.networking.k8s.io/v1": {"HTTPRoute": "httproutes"},
    "monitoring.coreos.com/v1": {
        "PodMonitor": "podmonitors",
        "PrometheusRule": "prometheusrules",
        "ServiceMonitor": "servicemonitors",
    },
    "networking.gke.io/v1": {"ManagedCertificate": "managedcertificates"},
    "networking.k8s.io/v1": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "rbac.authorization.k8s.io/v1": {
        "ClusterRole": "clusterroles",
        "ClusterRoleBinding": "clusterrolebindings",
    },
    "traefik.io/v1alpha1": {"IngressRouteTCP": "ingressroutetcps"},
}
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "Namespace"}
VERBS = ["create", "delete", "get", "list", "patch", "update"]
Key = tuple[str, str, str]


@dataclass(slots=True, eq=False)
class Cluster:
    """One that is empty at first."""

    kubeconfig: Path
    objects: dict[Key, Tree] = field(default_factory=dict)
    """By namespace (empty for what has none), resource and name."""

    def helm(self, *arguments: str | Path) -> str:
        """What Helm says, with this as its cluster."""
        return helm(*arguments, "--kubeconfig", self.kubeconfig)

    def object(self, namespace: str, resource: str, name: str) -> Tree:
        """One that there is."""
        return self.objects[namespace, resource, name]


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Serve one for the block, with its `kubeconfig` in the folder."""
    made = Cluster(folder / "kubeconfig")
    answering = type("Answering", (_Answering,), {"cluster": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), answering) as server:
        made.kubeconfig.write_text(_kubeconfig(f"http://127.0.0.1:{server.server_port}"))
        made.kubeconfig.chmod(0o600)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


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


def _groups() -> Tree:
    names = [version.split("/") for version in GROUPS if "/" in version]
    groups = [
        {"name": group, "versions": [{"groupVersion": f"{group}/{version}", "version": version}]}
        for group, version in names
    ]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _resources(version: str) -> Tree:
    resources = [
        {"name": name, "kind": kind, "namespaced": kind not in CLUSTER_WIDE, "verbs": VERBS}
        for kind, name in GROUPS[version].items()
    ]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


DISCOVERY: dict[str, Tree] = {
    "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": _groups(),
    **{
        f"/{'apis' if '/' in version else 'api'}/{version}": _resources(version)
        for version in GROUPS
    },
}


class _Answering(BaseHTTPRequestHandler):
    cluster: Cluster
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path in DISCOVERY:
            self.tell(200, DISCOVERY[url.path])
            return
        key = self.key()
        if not key[2]:
            self.tell(200, self.listed(url.query))
        elif key in self.cluster.objects:
            self.tell(200, self.cluster.objects[key])
        else:
            self.refuse(404, "NotFound")

    def do_POST(self) -> None:
        made = self.said()
        namespace, resource, _ = self.key()
        key = (namespace, resource, made["metadata"]["name"])
        if key in self.cluster.objects:
            self.refuse(409, "AlreadyExists")
        else:
            self.keep(key, made, 201)

    def do_PUT(self) -> None:
        self.keep(self.key(), self.said(), 200)

    def do_PATCH(self) -> None:
        self.keep(self.key(), _merged(self.cluster.objects[self.key()], self.said()), 200)

    def do_DELETE(self) -> None:
        self.body()
        if self.cluster.objects.pop(self.key(), None) is None:
            self.refuse(404, "NotFound")
        else:
            self.tell(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def key(self) -> Key:
        """What the path is of: …/namespaces/NAMESPACE/RESOURCE/NAME, or …/RESOURCE/NAME."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = ""
        if parts[0] == "namespaces" and len(parts) > 2:
            namespace, parts = parts[1], parts[2:]
        return (namespace, parts[0], parts[1] if len(parts) > 1 else "")

    def listed(self, query: str) -> Tree:
        """Those of the path whose labels the query asks for."""
        namespace, resource, _ = self.key()
        selector = parse_qs(query).get("labelSelector", [""])[0]
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        items = [
            tree
            for (space, kind, _), tree in self.cluster.objects.items()
            if (space, kind) == (namespace, resource)
            and wanted.items() <= tree["metadata"].get("labels", {}).items()
        ]
        return {"kind": "SecretList", "apiVersion": "v1", "items": items}

    def keep(self, key: Key, tree: Tree, status: int) -> None:
        self.cluster.objects[key] = tree
        self.tell(status, tree)

    def said(self) -> Tree:
        body = self.body()
        if body.startswith(protobuf.MAGIC):
            return protobuf.secret(body)
        said: Tree = json.loads(body or "{}")
        return said

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def refuse(self, code: int, reason: str) -> None:
        told = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        self.tell(
            code, {**told, "reason": reason, "message": f"{self.path}: {reason}", "code": code}
        )

    def tell(self, status: int, tree: Tree) -> None:
        body = json.dumps(tree).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _merged(tree: Any, patch: Any) -> Any:
    """A merge patch (RFC 7396): what changes here has no lists that strategic ones would merge."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(tree) if isinstance(tree, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
