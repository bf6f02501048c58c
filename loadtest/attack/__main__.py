"""`make attack`: every attack, one after the other, each on a service of its own.

`make attack ARGS="watch --seconds 10"` does those whose names have the word.
"""

import argparse
import asyncio
import sys

import uvloop

from loadtest.attack.attack import Attack
from loadtest.attack.attacks import ATTACKS
from loadtest.attack.table import footing, heading, row
from loadtest.attack.trial import AFTER_S, SECONDS, Trial, begun


async def run(attacks: list[Attack], seconds: float, after_s: float) -> list[Trial]:
    """Do the attacks; while one service is let come to rest, the next is attacked."""
    trials, resting = [], []
    for attack in attacks:
        trial, later = await begun(attack, seconds, after_s)
        failures = ", ".join(trial.failures())
        sys.stderr.write(f"{attack.name}: {failures or 'held'} {trial.answers or ''}\n")
        trials.append(trial)
        resting.append(later)
    await asyncio.gather(*resting)
    return trials


def main() -> None:
    """Attack, print the table, and fail unless all bounds held."""
    parser = argparse.ArgumentParser(prog="make attack ARGS=…", description=__doc__)
    parser.add_argument("words", nargs="*", help="which: those whose names have one of the words")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each attacks")
    parser.add_argument("--after", type=float, default=AFTER_S, help="seconds of rest behind it")
    asked = parser.parse_args()
    chosen = [
        attack
        for name, attack in ATTACKS.items()
        if not asked.words or any(word in name for word in asked.words)
    ]
    if not chosen:
        parser.error(f"no attack has such a name; there are: {', '.join(ATTACKS)}")
    trials = uvloop.run(run(chosen, asked.seconds, asked.after))
    sys.stdout.write("\n".join([heading(), *map(row, trials), "", footing(trials)]) + "\n")
    failed = [trial.attack.name for trial in trials if trial.failures()]
    if failed:
        sys.exit(f"{len(failed)} of {len(trials)} did not hold: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
