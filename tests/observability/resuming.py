"""What makes the alerts on sessions that come back fire and stop, as `scenarios` has it."""

from tests.observability.scenarios import NODE, Scenario, gauge


def resumes(result: str, reason: str, values: str) -> dict[str, str]:
    """The count of returns with one outcome."""
    labels = f'{NODE}, result="{result}", reason="{reason}"'
    return gauge("ringline_resumes_total", values, labels)


RESUMING = (
    Scenario(
        alert="RinglineConnectionsLostAgain",
        # 100 sessions, each of which a proxy cuts every ten minutes, for an hour.
        series=gauge("ringline_sessions", "100x200")
        | resumes("replayed", "", "0x10 0+10x60 600x100"),
        quiet=(9, 25, 130),
        firing=(60, 70),
    ),
    Scenario(
        alert="RinglineConnectionsLostAgain",
        why="is not for a proxy that was started anew",
        series=gauge("ringline_sessions", "100x100") | resumes("replayed", "", "0x10 100x90"),
        quiet=(15, 30, 60),
        firing=(),
    ),
    Scenario(
        alert="RinglineConnectionsLostAgain",
        why="is not for pages that are loaded anew, nor for laptops that slept",
        series=gauge("ringline_sessions", "100x100")
        | resumes("snapshot", "asked", "0+30x100")
        | resumes("none", "unknown", "0+30x100"),
        quiet=(30, 60, 90),
        firing=(),
    ),
    Scenario(
        alert="RinglineReplaysFailing",
        series=resumes("replayed", "", "0+10x140")
        | resumes("snapshot", "missed", "0x10 0+3x60 180x70"),
        quiet=(9, 25, 110),
        firing=(50, 70),
    ),
    Scenario(
        alert="RinglineReplaysFailing",
        why="is not for a node that died",
        series=resumes("replayed", "", "0+1x100") | resumes("snapshot", "home", "0x10 500x90"),
        quiet=(12, 25, 40, 60),
        firing=(),
    ),
    Scenario(
        alert="RinglineReplaysFailing",
        why="is not for pages that are loaded anew, nor for laptops that slept",
        series=resumes("replayed", "", "0+1x100")
        | resumes("snapshot", "asked", "0+30x100")
        | resumes("snapshot", "missed", "0x100")
        | resumes("none", "unknown", "0+30x100"),
        quiet=(30, 60, 90),
        firing=(),
    ),
)
