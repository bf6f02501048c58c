import os
import signal
import stat
import subprocess
import sys
import time
from ipaddress import ip_address

import psutil
import pytest

from service.cli.dev.coturn import CoturnFailed, answers, configuration, installed, running
from service.cli.dev.ports import first_free
from tests.support.coturn import ADDRESS, coturn
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.e2e

needs_coturn = pytest.mark.skipif(
    not installed(), reason="coturn is not installed; run: apt-get install coturn"
)

needs_setpriv = pytest.mark.skipif(
    subprocess.run(["setpriv", "--pdeathsig", "TERM", "true"], check=False).returncode != 0,
    reason="no setpriv --pdeathsig; run: apt-get install util-linux",
)


def gone(pid: int, patience: float = PATIENCE_S) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_it_runs_and_ends_with_the_block():
    with coturn("north") as server:
        assert psutil.Process(server.pid).name() == "turnserver"
        assert answers(ADDRESS, server.port)
    assert gone(server.pid)
    assert not answers(ADDRESS, server.port)


def test_it_ends_when_the_block_fails():
    with pytest.raises(ZeroDivisionError), coturn("north") as server:
        raise ZeroDivisionError
    assert gone(server.pid)


def test_one_that_hangs_is_ended_all_the_same():
    with coturn("north") as server:
        os.kill(server.pid, signal.SIGSTOP)
    assert gone(server.pid)


def test_two_run_beside_each_other():
    with coturn("north") as one, coturn("south") as other:
        assert one.port != other.port
        assert answers(ADDRESS, one.port)
        assert answers(ADDRESS, other.port)


def test_the_secret_is_for_its_owner_only():
    with coturn("north") as server:
        conf = server.folder / "turnserver.conf"
        assert stat.S_IMODE(conf.stat().st_mode) == 0o600
        assert "static-auth-secret=north\n" in conf.read_text()


def test_it_is_out_of_the_terminals_reach():
    with coturn("north") as server:
        assert os.getpgid(server.pid) != os.getpgid(0)


@needs_coturn
@needs_setpriv
def test_it_does_not_outlive_a_service_that_was_killed():
    code = (
        "import time\n"
        "from tests.support.coturn import coturn\n"
        "with coturn('north') as server:\n"
        "    print(server.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    assert gone(pid)


def test_one_that_ends_at_once_is_told_with_its_last_words(monkeypatch, tmp_path):
    broken = tmp_path / "turnserver"
    broken.write_text("#!/bin/sh\necho cannot bind the thing\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    port = first_free((ADDRESS,), 0, udp=True)

    with (
        pytest.raises(CoturnFailed, match="cannot bind the thing"),
        running([], ADDRESS, port, tmp_path),
    ):
        pytest.fail("the block must not run")


def test_nobody_answers_where_nobody_listens():
    assert not answers(ADDRESS, first_free((ADDRESS,), 0, udp=True))


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.7"])
def test_loopback_peers_are_reached_from_loopback_only(address, tmp_path):
    lines = configuration(address, 3478, ["north"], tmp_path)
    assert ("allow-loopback-peers" in lines) == ip_address(address).is_loopback


def test_every_secret_is_a_line_newest_first(tmp_path):
    lines = configuration("127.0.0.1", 3478, ["new", "old"], tmp_path)
    assert [line for line in lines if line.startswith("static-auth-secret")] == [
        "static-auth-secret=new",
        "static-auth-secret=old",
    ]
