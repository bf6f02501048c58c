"""`tools/python`: which Python `make install` takes."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "python"


@pytest.fixture
def made(tmp_path: Path):
    """Makes a Python that was built in some way."""

    def make(name: str, *, optimised: bool, complete: bool = True) -> Path:
        arguments = "--enable-optimizations" if optimised else "--enable-shared"
        python = tmp_path / name
        python.write_text(
            f"#!{sys.executable}\n"
            "import sys, sysconfig\n"
            f"sysconfig.get_config_var = lambda name: {arguments!r}\n"
            f"sysconfig.get_path = lambda name: {str(tmp_path) if complete else '/none'!r}\n"
            "exec(sys.argv[2])\n"
        )
        python.chmod(0o755)
        (tmp_path / "Python.h").touch()
        return python

    return make


def chosen(python: Path, system: Path) -> str:
    command = [SCRIPT, python, system]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_python3_if_it_is_optimised(made):
    python = made("python3", optimised=True)
    assert chosen(python, made("system", optimised=True)) == str(python)


def test_the_systems_own_where_python3_is_not(made):
    system = made("system", optimised=False)  # distributions do not say so
    assert chosen(made("python3", optimised=False), system) == str(system)


def test_python3_where_the_systems_own_will_not_do(made):
    python = made("python3", optimised=False)
    assert chosen(python, made("system", optimised=True, complete=False)) == str(python)
    assert chosen(python, SCRIPT.parent / "missing") == str(python)


def test_what_is_there_will_do():
    answer = subprocess.run([SCRIPT], capture_output=True, text=True, check=True).stdout.strip()
    version = subprocess.run([answer, "-c", "import sys; print(sys.version_info >= (3, 11))"],
                             capture_output=True, text=True, check=True)  # fmt: skip
    assert version.stdout.strip() == "True"
