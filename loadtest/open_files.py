"""A file for each connection, in the process that opens them and in the service (`ulimit -n`)."""

import resource
import sys

from service.transport.server.open_files import RESERVE


def allow(sessions: int) -> None:
    """Let this process open what so many sessions take; the service allows itself as many.

    Raises:
        SystemExit: that is more than it may, and what to do.
    """
    needed = sessions + RESERVE
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < needed:
        sys.exit(f"{sessions} sessions need {needed} open files; run: ulimit -n {needed}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
