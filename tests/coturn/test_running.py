"""The life of the process: how it stops, drains, and takes a new certificate."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
import trustme

from tests.coturn.conftest import NORTH, SOUTH
from tests.coturn.peers import caller, refusal
from tests.support.coturn_entrypoint import ADDRESS, Deployed, certified, deployed
from tests.support.network import Network
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


def test_draining_waits_for_as_long_as_it_may_and_cuts_nothing(network: Network, tmp_path):
    with deployed(network, tmp_path, NORTH, DRAIN_SECONDS="3", ALLOWED_PEER_IP=ADDRESS) as coturn:

        async def drain() -> float:
            async with (
                caller(coturn.credential(NORTH)) as one,
                caller(coturn.credential(NORTH, "bob")) as other,
            ):
                began = time.monotonic()
                coturn.process.terminate()
                await asyncio.sleep(1)
                await one.reaches(other)
                assert await asyncio.to_thread(coturn.process.wait, PATIENCE_S) == 0
                return time.monotonic() - began

        assert network.run(drain()) >= 3


def test_a_drain_is_over_in_time_though_its_parent_was_held_up(network: Network, tmp_path):
    with deployed(network, tmp_path, NORTH, DRAIN_SECONDS="8") as coturn:
        began = time.monotonic()
        coturn.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            coturn.process.wait(2)
        coturn.process.send_signal(signal.SIGSTOP)
        time.sleep(8)
        coturn.process.send_signal(signal.SIGCONT)
        assert coturn.process.wait(PATIENCE_S) == 0
        assert time.monotonic() - began < 13


def test_secrets_change_while_it_drains(network: Network, tmp_path):
    with deployed(network, tmp_path, NORTH, DRAIN_SECONDS="600") as coturn:
        coturn.process.terminate()
        coturn.share(SOUTH, NORTH)
        deadline = time.monotonic() + PATIENCE_S
        while network.run(refusal(coturn.credential(SOUTH))) is not None:
            assert time.monotonic() < deadline
        coturn.process.terminate()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_a_drain(network: Network, tmp_path, second: signal.Signals):
    with deployed(network, tmp_path, NORTH, DRAIN_SECONDS="86400") as coturn:
        child = turnserver(coturn)
        coturn.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            coturn.process.wait(2)
        coturn.process.send_signal(second)
        assert coturn.process.wait(PATIENCE_S) == 0
        assert not runs(child)


def test_a_drain_ends_with_coturn_itself(network: Network, tmp_path):
    """As 4.6.3 and newer do with the last relay."""
    with deployed(network, tmp_path, NORTH, DRAIN_SECONDS="86400") as coturn:
        coturn.process.terminate()
        os.kill(turnserver(coturn), signal.SIGTERM)
        assert coturn.process.wait(PATIENCE_S) == 0


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
