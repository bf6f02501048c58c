"""The proxies themselves, on a free port of loopback, with the configurations of docs/deploy.md."""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import trustme

from tests.docs.pages import ROOT, blocks, section

PAGE = ROOT / "docs" / "deploy.md"
PREFIX = "/calls"
PATIENCE_S = 20.0
NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
{page}
}}
"""

_INSTALL = {
    "nginx": "run: apt-get install nginx-light",
    "haproxy": "run: apt-get install haproxy",
}
_OPTIONAL = r"^.*(?:keepalive 32|X-Forwarded|\bHost\b|forwardfor).*\n"
_LINES = re.MULTILINE | re.DOTALL

Name = Literal["nginx", "haproxy"]
Way = Literal["pool", "defaults", "prefix", "tls"]


@dataclass(frozen=True, slots=True)
class Front:
    """A proxy that serves: where, and what its certificate is signed by, if it has one."""

    port: int
    authority: Path | None
    prefix: str

    @property
    def url(self) -> str:
        """Its address, without the prefix."""
        return f"{'https' if self.authority else 'http'}://localhost:{self.port}"

    @property
    def path(self) -> str:
        """Where Socket.IO is, for clients."""
        return f"{self.prefix}/socket.io/"


@asynccontextmanager
async def front(name: Name, node: int, folder: Path, way: Way = "pool") -> AsyncIterator[Front]:
    """A proxy before the node at that port; skips the test where it is not installed.

    Args:
        name: which one.
        node: the port of the service.
        folder: for its files.
        way: `tls` as the page has it, with HTTP/2; the others without TLS: `pool` as it is beside
            that, `defaults` with nothing but what a WebSocket needs, `prefix` under a path.
    """
    port = _free()
    authority = certificate(folder, "localhost", "127.0.0.1") if way == "tls" else None
    configuration = (
        _configuration(name, way, folder)
        .replace("127.0.0.1:8001", f"127.0.0.1:{node}")
        .replace("PORT", str(port))
    )
    async with proxy(name, configuration, port, folder):
        yield Front(port, authority, PREFIX if way == "prefix" else "")


@asynccontextmanager
async def proxy(name: Name, configuration: str, port: int, folder: Path) -> AsyncIterator[None]:
    """A proxy with that configuration, once its port answers; skips where it is not installed."""
    command = shutil.which(name)
    if command is None:
        pytest.skip(f"{name} is not installed; {_INSTALL[name]}")
    file = folder / f"{name}.conf"
    file.write_text(configuration)
    arguments = ["-c", str(file)] if name == "nginx" else ["-db", "-f", str(file)]
    output = (folder / "output").open("w")
    process = await asyncio.create_subprocess_exec(
        command, *arguments, stdout=output, stderr=output, cwd=folder
    )
    try:
        await _answers(port, process, folder)
        yield
    finally:
        output.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _configuration(name: Name, way: Way, folder: Path) -> str:
    page, under_path, *_ = blocks(section(PAGE, "Behind a proxy"), name)
    if way == "defaults":
        page = re.sub(_OPTIONAL, "", page, flags=re.MULTILINE)
    more = under_path if way == "prefix" else ""
    return _nginx(page, more, folder, way) if name == "nginx" else _haproxy(page, more, folder, way)


def _nginx(page: str, under_path: str, folder: Path, way: Way) -> str:
    secure = " ssl http2" if way == "tls" else ""
    page = page.replace("listen 443 ssl http2;", f"listen 127.0.0.1:PORT{secure};")
    page = page.replace("/etc/ssl/calls.crt", f"{folder}/chain.pem")
    page = page.replace("/etc/ssl/calls.key", f"{folder}/key.pem")
    if way != "tls":
        page = re.sub(r"^ *ssl_certificate.*\n", "", page, flags=re.MULTILINE)
    if under_path:
        page = re.sub(r"^    location / \{\n.*?^    \}\n", under_path, page, flags=_LINES)
    return NGINX.format(folder=folder, page=page)


def _haproxy(page: str, under_path: str, folder: Path, way: Way) -> str:
    bind = "    bind *:443 ssl crt /etc/haproxy/calls.pem alpn h2,http/1.1\n"
    assert bind in page
    secure = f" ssl crt {folder}/calls.pem alpn h2,http/1.1" if way == "tls" else ""
    return page.replace(bind, f"    bind 127.0.0.1:PORT{secure}\n{under_path}")


def certificate(folder: Path, *names: str) -> Path:
    """The files that the pages' configurations name, for these names; gives what to trust."""
    authority = trustme.CA()
    leaf = authority.issue_cert(*names)
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(leaf.private_key_pem.bytes())
    (folder / "calls.pem").write_bytes(chain + leaf.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return folder / "authority.pem"


def _free() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


async def _answers(port: int, process: asyncio.subprocess.Process, folder: Path) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.returncode is None, (folder / "output").read_text()
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return
