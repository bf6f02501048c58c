"""Have `import service` find the compiled copy in .venv, where that is of these very sources.

`tools/compile` puts this beside the libraries, with a `.pth` file that imports it whenever Python
starts. A source that has changed since, or `PURE_PYTHON=1`, and the sources are what runs.
"""

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

COPY = Path(sys.prefix, "compiled")
_MADE = {".pyc", ".so"}


class CompiledFirst:
    """A finder: https://docs.python.org/3/reference/import.html#the-meta-path."""

    @staticmethod
    def find_spec(name: str, path: object = None, _target: object = None) -> ModuleSpec | None:
        """The compiled copy of `service`, and the library that its modules share."""
        wanted = path is None and (name == "service" or name.endswith("__mypyc"))
        if not wanted or os.environ.get("PURE_PYTHON") == "1" or not current():
            return None
        return PathFinder.find_spec(name, [str(COPY)])


def current() -> bool:
    """Whether the copy is of the sources that Python would find."""
    found = PathFinder.find_spec("service")
    if found is None or not found.submodule_search_locations or not COPY.exists():
        return False
    return _sources(Path(found.submodule_search_locations[0])) == _sources(COPY / "service")


def _sources(package: Path) -> dict[str, bytes]:
    files = (file for file in package.rglob("*") if file.is_file() and file.suffix not in _MADE)
    return {str(file.relative_to(package)): file.read_bytes() for file in files}


sys.meta_path.insert(0, CompiledFirst)
