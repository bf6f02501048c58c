"""`make bench`: what units of work cost one node, and what a reconnect storm does to it.

`make bench ARGS=units` and `make bench ARGS=storm` measure one of the two.
"""

import argparse

import uvloop

from loadtest.bench import units
from loadtest.open_files import allow
from loadtest.serving import unlimited
from loadtest.storm import trial as storm


def main() -> None:
    """Measure what is asked for, each on a service of its own."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("which", nargs="*", choices=[[], "units", "storm"], help="if not both")
    parser.add_argument("--rounds", type=int, default=units.ROUNDS, help="of the units")
    parser.add_argument("--sessions", type=int, default=storm.SESSIONS, help="in the storm")
    asked = parser.parse_args()
    allow(asked.sessions)
    if "storm" not in asked.which:
        with unlimited() as served:
            uvloop.run(units.run(served, asked.rounds))
    if "units" not in asked.which:
        with unlimited() as served:
            uvloop.run(storm.run(served, asked.sessions))


if __name__ == "__main__":
    main()
