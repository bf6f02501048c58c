"""`make load`: find the service, choose the number of processes, become Locust.

URL, KEY, USERS, TIME (seconds) and RATE come from the environment; further arguments go to Locust.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from loadtest.target import NoTarget, Target, target

_ROOT = Path(__file__).parents[1]
_PER_PROCESS = 100  # Locust's own advice is 200 at most; half of that keeps its clocks honest


def main() -> NoReturn:
    """Become Locust; a mistake ends it with exit status 2."""
    try:
        found = target(os.environ, Path.cwd())
        command = _command(found, os.environ)
    except NoTarget as mistake:
        print(f"ringline: {mistake}", file=sys.stderr)
        sys.exit(2)
    print(f"ringline: loading {found.url}; reports go to .run/load/", file=sys.stderr)
    Path(".run/load").mkdir(parents=True, exist_ok=True)
    environ = {
        **os.environ,
        "RINGLINE_JWT_SECRET": found.key,
        "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    sys.stderr.flush()
    os.execve(sys.executable, [*command, *sys.argv[1:]], environ)  # noqa: S606 - all ours


def _command(found: Target, environ: Mapping[str, str]) -> list[str]:
    users, seconds = _number(environ, "USERS", 200), _number(environ, "TIME", 60)
    processes = min(-(-users // _PER_PROCESS), os.cpu_count() or 1)
    return [
        *(sys.executable, "-m", "locust", "-f", str(_ROOT / "loadtest" / "locustfile.py")),
        *("--headless", "--host", found.url, "--users", str(users)),
        *("--run-time", f"{seconds}s", "--spawn-rate", str(_number(environ, "RATE", 20))),
        # Whoever is in a call when the time is over still ends it.
        *("--stop-timeout", "30"),
        *(("--processes", str(processes)) if processes > 1 else ()),
        *("--html", ".run/load/report.html", "--csv", ".run/load/report"),
        "--only-summary",
    ]


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    said = environ.get(name, "")
    if said and not (said.isascii() and said.isdigit() and int(said)):
        raise NoTarget(f"{name} is '{said}': write a whole number of 1 or more.")
    return int(said) if said else default


if __name__ == "__main__":
    main()
