"""Certificates of authorities that people made for themselves, at the strictness of Python 3.13."""

import argparse
import socket
import ssl
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from service.cli.probe.target import target
from service.download import Ask, Undelivered, download
from service.tls import trusting
from tests.support import https
from tests.support.authority import bare, strict

__all__ = ["strict"]

pytestmark = pytest.mark.usefixtures("strict")


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


serving = partial(https.serving, _Answering)
"""A server of `{}`, by its TLS; gives its port."""


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
    return tmp_path


def fetched(port: int) -> bytes:
    return download(Ask(f"https://127.0.0.1:{port}/"), timeout_s=30, largest=100)


def test_python_alone_refuses_such_an_authority(trusted: Path):
    with (
        serving(bare(trusted, "127.0.0.1")) as port,
        pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)key usage|key identifier"),
    ):
        shake_hands(port, ssl.create_default_context())


def shake_hands(port: int, tls: ssl.SSLContext) -> None:
    with socket.create_connection(("127.0.0.1", port)) as plain:
        tls.wrap_socket(plain, server_hostname="127.0.0.1").close()


def test_keys_and_providers_are_fetched(trusted: Path):
    with serving(bare(trusted, "127.0.0.1")) as port:
        assert fetched(port) == b"{}"


def test_the_probe_trusts_it(trusted: Path):
    chosen = argparse.Namespace(
        url="https://127.0.0.1", insecure=False, timeout=9.0, no_turn=True,
        token_a=None, token_b=None, key="k" * 32, issuer=None, audience=None,
    )  # fmt: skip
    with serving(bare(trusted, "127.0.0.1")) as port:
        shake_hands(port, target({}, chosen).tls)


def test_the_name_must_be_right(trusted: Path):
    with (
        serving(bare(trusted, "127.0.0.2")) as port,
        pytest.raises(Undelivered, match="IP address mismatch"),
    ):
        fetched(port)


def test_the_chain_must_be_right(trusted: Path, tmp_path: Path):
    (tmp_path / "other").mkdir()
    bare(trusted, "127.0.0.1")
    with (
        serving(bare(tmp_path / "other", "127.0.0.1")) as port,
        pytest.raises(Undelivered, match="certificate verify failed"),
    ):
        fetched(port)


def test_no_other_flag_is_touched():
    without = ssl.create_default_context().verify_flags & ~ssl.VERIFY_X509_STRICT
    assert trusting().verify_flags == without
    assert trusting().check_hostname
    assert trusting().verify_mode == ssl.CERT_REQUIRED
