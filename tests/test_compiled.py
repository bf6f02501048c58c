"""What `make compile` makes of the hot path runs, while it is of the sources that stand."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPY = Path(sys.prefix, "compiled")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOOK = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
MODULES = [source.removesuffix(".py").replace("/", ".") for source in HOOK["modules"]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with sources that are those that were compiled."""
    if not COPY.exists():
        pytest.skip("nothing is compiled here: make compile")
    unmade = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(COPY / "service", tmp_path / "service", ignore=unmade)
    return tmp_path


def files(checkout: Path, *modules: str, **environ: str) -> list[Path]:
    """What Python takes for modules in a checkout."""
    look = f"from importlib import import_module as of\nfor m in {modules}: print(of(m).__file__)"
    told = subprocess.run(
        [sys.executable, "-c", look], cwd=checkout, env={"PATH": os.environ["PATH"], **environ},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [Path(line) for line in told.splitlines()]


def test_every_module_of_the_hot_path_runs_compiled(checkout):
    found = files(checkout, *MODULES)
    assert len(found) == len(MODULES)
    assert all(file.is_relative_to(COPY) and file.suffix == ".so" for file in found)


def test_a_source_that_has_changed_since_runs_itself(checkout):
    with (checkout / "service" / "errors.py").open("a", encoding="utf-8") as changed:
        changed.write("# another line\n")
    assert files(checkout, "service.signalling.relay") == [
        checkout / "service" / "signalling" / "relay.py"
    ]


def test_a_source_that_came_since_has_them_all_run_themselves(checkout):
    (checkout / "service" / "new.py").write_text("", encoding="utf-8")
    assert files(checkout, "service.signalling.relay") == [
        checkout / "service" / "signalling" / "relay.py"
    ]


def test_who_asks_for_the_sources_has_them(checkout):
    asked = files(checkout, "service.signalling.relay", PURE_PYTHON="1")
    assert asked == [checkout / "service" / "signalling" / "relay.py"]


def test_without_a_compiler_it_says_in_a_sentence_what_to_install(tmp_path):
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copytree(ROOT / "tests" / "docs", tmp_path / "service")  # nothing is compiled of these
    (tmp_path / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    told = subprocess.run(
        [tmp_path / "tools" / "compile"], env={"PATH": os.environ["PATH"], "CC": "no-compiler"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 1
    assert (told.stdout, told.stderr.count("\n")) == ("", 1)
    assert "apt-get install gcc python3-dev" in told.stderr


def test_no_hot_room_waits_where_an_exception_is_handled():
    """What mypyc makes of it mixes up the exceptions of tasks (docs/decisions/0014)."""
    waits = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)
    for source in HOOK["modules"]:
        for node in ast.walk(ast.parse((ROOT / source).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Try):
                handled = [*node.handlers, *node.finalbody]
                waiting = [x for one in handled for x in ast.walk(one) if isinstance(x, waits)]
                assert not waiting, f"{source}:{waiting[0].lineno}"
