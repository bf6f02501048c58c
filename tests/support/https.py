"""A server of HTTPS on loopback, for the length of a block."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


@contextmanager
def serving(answering: type[BaseHTTPRequestHandler], tls: ssl.SSLContext) -> Iterator[int]:
    """Answers at 127.0.0.1; its port."""
    with HTTPServer(("127.0.0.1", 0), answering) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
