"""The table of attacks, as `make attack` prints it and docs/reliability.md has it."""

from loadtest.attack.trial import Trial, percentile

HEADINGS = (
    "attack", "what was sent", "connections", "MiB sent", "MiB before, at the peak, after",
    "relay p99", "health p99, max", "held",
)  # fmt: skip


def row(trial: Trial) -> str:
    """One attack, as a row."""
    failures = trial.failures()
    after = "-" if trial.after is None else f"{trial.after:.0f}"
    relay, seen = percentile(trial.seen.relay, 0.99), trial.seen
    cells = (
        trial.attack.name,
        trial.attack.told,
        f"{trial.opened:,}",
        f"{trial.sent / 1024 / 1024:,.1f}",
        f"{trial.before:.0f}, {seen.peak:.0f}, {after}",
        f"{relay * 1000:.0f} ms",
        f"{percentile(seen.health, 0.99) * 1000:.0f}, {seen.health[-1] * 1000:.0f} ms",
        "yes" if not failures else f"no: {', '.join(failures)}",
    )
    return f"| {' | '.join(cells)} |"


def heading() -> str:
    """What stands above the rows."""
    return f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}"


def footing(trials: list[Trial]) -> str:
    """What stands below them: how it is without an attack, on this machine."""
    relay = sorted(percentile(trial.calm.relay, 0.99) for trial in trials)
    health = sorted(trial.calm.health[-1] for trial in trials)
    return (
        "In the second before an attack the relay's p99 was "
        f"{relay[len(relay) // 2] * 1000:.0f} ms (median; at most {relay[-1] * 1000:.0f} ms), "
        "the latest answer after "
        f"{health[len(health) // 2] * 1000:.0f} ms (at most {health[-1] * 1000:.0f} ms)."
    )
