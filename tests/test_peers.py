"""`tools/peers` on machines that lack everything: what it installs, and where it only says so."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "peers"
ALL = (
    "coturn chromium firefox-esr nodejs npm prometheus curl iproute2 util-linux docker-compose "
    "wget nginx-light haproxy"
)
ORDER = "apt-get install -y -qq --no-install-recommends"


class Machine:
    """A `PATH` of its own, whose commands write down how they were called and do nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.calls.touch()
        for needed in ("bash", "dirname"):
            (folder / needed).symlink_to(str(shutil.which(needed)))

    def has(self, command: str, *, says: str = "") -> None:
        script = self.folder / command
        body = f"echo {says}" if says else f'echo "${{0##*/}} $*" >>{self.calls}'
        script.write_text(f"#!{shutil.which('sh')}\n{body}\n")
        script.chmod(0o755)

    def run(self, wanted: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.folder / "bash", SCRIPT, wanted],
            env={"PATH": str(self.folder), **environ},
            capture_output=True, text=True, check=True,
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path) -> Machine:
    """Debian, used by somebody who is not root but may `sudo`."""
    debian = Machine(tmp_path)
    debian.has("id", says="1000")
    debian.has("apt-get")
    debian.has("sudo")
    return debian


def test_without_leave_it_names_what_is_missing_and_how_to_get_it(machine):
    told = machine.run("all").stderr
    assert f"not here: {ALL} (Debian: sudo apt-get install {ALL})" in told
    assert machine.calls.read_text() == ""


def test_a_trial_run_wants_coturn_alone(machine):
    assert "not here: coturn (" in machine.run("turn").stderr


def test_the_image_is_built_and_run_by_podman(machine):
    wanted = "coturn podman runc catatonit debootstrap iproute2 iptables conntrack util-linux"
    assert f"not here: {wanted} (" in machine.run("image").stderr


def test_in_continuous_integration_it_installs_them_by_sudo(machine):
    assert machine.run("all", CI="true").stderr == ""
    assert f"{ORDER} {ALL}\n" in machine.calls.read_text()


def test_what_is_there_is_not_asked_for(machine):
    for command in ("turnserver", "curl"):
        machine.has(command)
    left = ALL.replace("coturn ", "").replace("curl ", "")
    assert f"not here: {left} (" in machine.run("all").stderr
    assert machine.run("turn", CI="true").stdout == ""


def test_where_there_is_no_apt_get_it_only_says_so(machine):
    (machine.folder / "apt-get").unlink()
    assert f"not here: {ALL} (" in machine.run("all", CI="true").stderr
    assert machine.calls.read_text() == ""


def test_it_names_every_command_that_a_skipped_test_says_to_install(machine):
    """`run: apt-get install …` in a skip's reason is a promise of `make test`."""
    told = machine.run("all").stderr.split("(")[0]
    tests = Path(__file__).parent.rglob("*.py")
    texts = "".join(path.read_text() for path in tests if path != Path(__file__))
    promised = {line.split('"')[0] for line in texts.split("run: apt-get install ")[1:]}
    assert promised >= {"coturn", "chromium", "firefox-esr"}
    assert {name for line in promised for name in line.split()} <= set(told.split())
