"""The life of the process: how it stops, drains, and takes a new certificate."""

import os
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest
import trustme

from tests.coturn.conftest import NORTH
from tests.coturn.peers import caller, refusal
from tests.support.coturn_entrypoint import Deployed, certified, deployed, run
from tests.support.network import Network, inside
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.e2e


def turnserver(coturn: Deployed) -> int:
    """The process id of coturn itself."""
    return int((coturn.folder / "scratch" / "turnserver.pid").read_text())


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_sigterm_ends_both_and_is_a_success(coturn: Deployed):
    child = turnserver(coturn)
    assert child != coturn.process.pid
    assert runs(child)
    coturn.process.terminate()
    assert coturn.process.wait(PATIENCE_S) == 0
    assert not runs(child)


def test_its_own_end_is_the_entrypoints(coturn: Deployed):
    os.kill(turnserver(coturn), signal.SIGKILL)
    assert coturn.process.wait(PATIENCE_S) == 128 + signal.SIGKILL


@inside
async def test_draining_waits_for_as_long_as_it_may_and_cuts_nothing(network, coturn: Deployed):
    async with caller(coturn.credential(NORTH)):
        began = time.monotonic()
        drained = run({**coturn.variables, "TURN_DRAIN_SECONDS": "2"}, "drain")
        assert drained.returncode == 0, drained.stderr
        assert time.monotonic() - began >= 2
        assert await refusal(coturn.credential(NORTH)) is None


def test_draining_ends_with_the_server(coturn: Deployed):
    coturn.process.terminate()
    coturn.process.wait(PATIENCE_S)
    assert run({**coturn.variables, "TURN_DRAIN_SECONDS": "600"}, "drain").returncode == 0


def test_secrets_of_a_run_before_are_forgotten(network: Network, tmp_path):
    with deployed(network, tmp_path, "an-older-secret"):
        pass
    with deployed(network, tmp_path, NORTH) as coturn:
        assert network.run(refusal(coturn.credential("an-older-secret"))) == 401
        assert network.run(refusal(coturn.credential(NORTH))) is None


def handshake(coturn: Deployed, context: ssl.SSLContext) -> tuple[str, str]:
    """The TLS version and suite that a client gets."""
    with (
        socket.create_connection((coturn.address, 5349), 5) as plain,
        context.wrap_socket(plain, server_hostname="turn.example.org") as wrapped,
    ):
        cipher = wrapped.cipher()
        assert cipher is not None
        return wrapped.version() or "", cipher[0]


def trusting(authority: trustme.CA, newest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.maximum_version = newest
    return context


def test_a_changed_certificate_is_loaded_anew_and_cuts_no_call(network: Network, tmp_path):
    first, second = trustme.CA(), trustme.CA()
    trusts_second = trusting(second, ssl.TLSVersion.TLSv1_3)

    def served_second() -> bool:
        try:
            return bool(network.call(handshake, coturn, trusts_second))
        except (ssl.SSLError, OSError):
            return False

    with deployed(network, tmp_path, NORTH, **certified(tmp_path, first)) as coturn:
        network.call(handshake, coturn, trusting(first, ssl.TLSVersion.TLSv1_3))
        assert not served_second()
        child = turnserver(coturn)
        certified(tmp_path, second)
        deadline = time.monotonic() + 20
        while not served_second():
            assert time.monotonic() < deadline
        assert turnserver(coturn) == child


def test_tls_has_aead_suites_alone(network: Network, tmp_path):
    authority = trustme.CA()
    with deployed(network, tmp_path, NORTH, **certified(tmp_path, authority)) as coturn:
        context = trusting(authority, ssl.TLSVersion.TLSv1_2)
        version, suite = network.call(handshake, coturn, context)
        assert (version, suite.split("-")[-2:]) == ("TLSv1.2", ["GCM", "SHA384"])
        context.set_ciphers("ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384")
        try:
            spoken = network.call(handshake, coturn, context)
        except ssl.SSLError:
            spoken = None
        assert spoken is None
