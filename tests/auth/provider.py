"""A JWKS endpoint on loopback that counts, and can hang, wait, drip, fail, redirect and rotate."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class Provider(ThreadingHTTPServer):
    """Serves `body`, which `rotate` sets to a key set; a context manager."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.body = b""
        self.status = 200
        self.location: str | None = None
        self.hanging = False
        self.held: threading.Event | None = None  # answers with what was the body before
        self.dripping: str | None = None  # "head": from the first header on; "body"
        self.fetches = 0
        self.over = threading.Event()
        self.rotate(*keys)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/jwks.json"

    def rotate(self, *keys: Any) -> None:
        """From now on these are the keys."""
        self.body = json.dumps({"keys": keys}).encode()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that gives up on us is what the tests are about."""


class _Answer(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        body, held = self.server.body, self.server.held
        self.server.fetches += 1
        if held is not None:
            held.wait()
        if self.server.hanging:
            self.server.over.wait()
            return
        self.send_response(self.server.status)
        if self.server.location is not None:
            self.send_header("Location", self.server.location)
        if self.server.dripping == "head":
            self.flush_headers()
            self._drip(b"X-Drip: " + b"drip" * 1_000)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.dripping == "body":
            self._drip(body)
        else:
            self.wfile.write(body)

    def _drip(self, drops: bytes) -> None:
        for drop in drops:
            if self.server.over.wait(0.02):
                return
            self.wfile.write(bytes([drop]))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""
