"""The HTTP of the API server: paths, methods and bodies to what `Storage` does, and back."""

import copy
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

from tests.chart import protobuf
from tests.chart.cluster import patching
from tests.chart.cluster.asking import Asked
from tests.chart.cluster.discovery import BUILT_IN, DISCOVERY, KINDS
from tests.chart.cluster.refusal import Refusal
from tests.chart.cluster.storage import Key, Storage
from tests.chart.rendering import Tree

_ALL_TOLD = {"annotations": {"k8s.io/initial-events-end": "true"}}


@contextmanager
def server(storage: Storage) -> Iterator[int]:
    """Serve a storage on a free port of loopback."""
    answering = type("Answering", (_Answering,), {"storage": storage, "wanted": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), answering) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield http.server_port
        finally:
            storage.close()
            http.shutdown()
            thread.join()


class _Answering(BaseHTTPRequestHandler):
    storage: Storage
    wanted: dict[tuple[str, str], Tree]
    """What was applied last, by the object's uid and the manager's name."""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.asked.path in DISCOVERY:
            self.tell(200, DISCOVERY[self.asked.path])
        elif self.asked.path.startswith("/openapi/"):
            # A document in protobuf that describes nothing, so that Helm checks nothing by it.
            self.tell(200, "")
        elif self.asked.said("watch"):
            self.watch()
        else:
            self.answer(self.read)

    def do_POST(self) -> None:
        def make() -> Tree:
            made = self.said()
            namespace, resource, _ = self.key
            return self.storage.create((namespace, resource, made["metadata"]["name"]), made)

        self.answer(make, 201)

    def do_PUT(self) -> None:
        self.answer(lambda: self.storage.update(self.key, self.said()))

    def do_PATCH(self) -> None:
        with self.storage.changed:
            self.answer(self.patch)

    def do_DELETE(self) -> None:
        body = self.body()
        # Options in protobuf come with Secrets alone, which know no grace period.
        said = json.loads(body) if body.startswith(b"{") else {}
        self.answer(lambda: self.storage.delete(self.key, said.get("gracePeriodSeconds")))

    @property
    def asked(self) -> Asked:
        return Asked(self.path)

    @property
    def key(self) -> Key:
        return self.asked.key

    def read(self) -> Tree | str:
        if self.asked.parts[-1] == "log":
            return _log(self.storage.get(self.key))
        return self.storage.get(self.key) if self.key[2] else self.listed()

    def listed(self) -> Tree:
        version, kind = KINDS[self.key[1]]
        return {
            "kind": f"{kind}List",
            "apiVersion": version,
            "metadata": {"resourceVersion": str(self.storage.version)},
            "items": [
                tree
                for key, tree in list(self.storage.objects.items())
                if self.asked.selects(key, tree)
            ],
        }

    def watch(self) -> None:
        """Tell what happens, a JSON object a line, until the client or the cluster ends."""
        try:
            self.start(200, {"Transfer-Encoding": "chunked"})
            until = time.monotonic() + float(self.asked.said("timeoutSeconds"))
            for event in self.storage.watch(self.watched_since(), until):
                if self.asked.selects(event.key, event.tree):
                    self.told(event.type, event.tree)
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def watched_since(self) -> int:
        """The version that the client knows, or that it is told now."""
        if not self.asked.said("sendInitialEvents"):
            return int(self.asked.said("resourceVersion") or 0)
        listed = self.listed()
        for tree in listed["items"]:
            self.told("ADDED", tree)
        version, kind = KINDS[self.key[1]]
        self.told(
            "BOOKMARK",
            {"kind": kind, "apiVersion": version, "metadata": listed["metadata"] | _ALL_TOLD},
        )
        return int(listed["metadata"]["resourceVersion"])

    def told(self, happened: str, tree: Tree) -> None:
        line = json.dumps({"type": happened, "object": tree}).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

    def patch(self) -> Tree:
        kind = self.headers["Content-Type"].partition(";")[0].removeprefix("application/")
        said = yaml.safe_load(self.body())
        if kind == "apply-patch+yaml":
            return self.apply(said)
        old = self.storage.get(self.key)
        if kind == "strategic-merge-patch+json":
            if KINDS[self.key[1]][0] not in BUILT_IN:
                raise Refusal(415, "UnsupportedMediaType", "custom objects take no such patch")
            return self.storage.update(self.key, patching.strategic(copy.deepcopy(old), said))
        assert kind == "merge-patch+json", kind
        return self.storage.update(self.key, patching.merged(copy.deepcopy(old), said))

    def apply(self, said: Tree) -> Tree:
        manager = self.asked.said("fieldManager")
        old = copy.deepcopy(self.storage.objects.get(self.key))
        if old is None:
            made = self.storage.create(self.key, copy.deepcopy(said))
        else:
            before = self.wanted.get((old["metadata"]["uid"], manager), {})
            made = self.storage.update(self.key, patching.applied(old, before, said))
        self.wanted[made["metadata"]["uid"], manager] = said
        return made

    def said(self) -> Tree:
        body = self.body()
        if body.startswith(protobuf.MAGIC):
            return protobuf.secret(body)
        said: Tree = json.loads(body or "{}")
        return said

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, doing: Any, status: int = 200) -> None:
        try:
            self.tell(status, doing())
        except Refusal as refusal:
            told = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
            told |= {"reason": refusal.reason, "message": str(refusal)}
            self.tell(refusal.code, told | {"code": refusal.code})

    def tell(self, status: int, told: Tree | str) -> None:
        body = (told if isinstance(told, str) else json.dumps(told)).encode()
        self.start(status, {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _log(pod: Tree) -> str:
    """What a container would have run: nothing runs here."""
    (container,) = pod["spec"]["containers"]
    return " ".join(["ran:", *container.get("command", []), *container.get("args", [])]) + "\n"
