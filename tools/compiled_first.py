"""Have Python take what is compiled of a module of the service, while it is of these very sources.

`tools/compile` puts this beside the libraries, with a `.pth` file that imports it whenever Python
starts. A source that has changed since, or `PURE_PYTHON=1`, and the sources are what runs: all of
them, since what is compiled counts on the rest.
"""

import os
import sys
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path

COPY = Path(sys.prefix, "compiled")


class CompiledFirst:
    """A finder: https://docs.python.org/3/reference/import.html#the-meta-path."""

    @staticmethod
    def find_spec(name: str, path: object = None, _target: object = None) -> ModuleSpec | None:
        """The extension module in the copy, or the library that all of them share."""
        if path is None and name.endswith("__mypyc"):
            return PathFinder.find_spec(name, [str(COPY)])
        if not name.startswith("service.") or not _wanted():
            return None
        *packages, _ = name.split(".")
        found = PathFinder.find_spec(name, [str(COPY.joinpath(*packages))])
        compiled = found and found.origin and found.origin.endswith(tuple(EXTENSION_SUFFIXES))
        return found if compiled else None


@cache
def _wanted() -> bool:
    return os.environ.get("PURE_PYTHON") != "1" and current()


def current() -> bool:
    """Whether the copy is of the sources that Python would find."""
    found = PathFinder.find_spec("service")
    if found is None or not found.submodule_search_locations or not COPY.exists():
        return False
    return _sources(Path(found.submodule_search_locations[0])) == _sources(COPY / "service")


def _sources(package: Path) -> dict[str, bytes]:
    return {str(file.relative_to(package)): file.read_bytes() for file in package.rglob("*.py")}


sys.meta_path.insert(0, CompiledFirst)
