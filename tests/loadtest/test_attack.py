"""What `make attack` says of what it saw."""

import asyncio
import sys

from loadtest.attack.attack import Attack
from loadtest.attack.attacks import ATTACKS
from loadtest.attack.table import footing, row
from loadtest.attack.trial import Trial, percentile
from loadtest.attack.witness import Seen
from tests.loadtest.running import ROOT, environ


def trial(
    *,
    peak: float = 100.0,
    relay: float = 0.01,
    health: float = 0.01,
    lost: str = "",
    wrong: str = "",
) -> Trial:
    async def done(_target: object) -> None:
        """Nothing is attacked here."""

    calm = Seen(90.0, [0.001], [0.001], "")
    seen = Seen(peak, [0.001] * 97 + [relay] * 3, [0.001] * 99 + [health], lost)
    wrongs = [wrong] if wrong else []
    return Trial(Attack("poke", "a poke", done), 90.0, calm, seen, 1, 1024 * 1024, {}, wrongs)


def test_an_attack_that_is_held_is_so():
    assert trial().failures() == []
    assert row(trial()) == "| poke | a poke | 1 | 1.0 | 90, 100, - | 10 ms | 10, 10 ms | yes |"


def test_how_it_is_without_an_attack_is_told():
    assert footing([trial()]) == (
        "In the second before an attack the relay's p99 was 1 ms (median; at most 1 ms), "
        "the latest answer after 1 ms (at most 1 ms)."
    )


def test_each_bound_that_does_not_hold_is_named():
    assert trial(peak=131).failures() == ["+41 MiB"]
    assert trial(relay=0.101).failures() == ["relay 101 ms"]
    assert trial(health=0.251).failures() == ["health 251 ms"]
    assert trial(lost="call:ended error", wrong="answered 500").failures() == [
        "answered 500",
        "call:ended error",
    ]
    assert row(trial(peak=131)).endswith("| no: +41 MiB |")


def test_slack_is_for_times_alone():
    slow = trial(peak=131, relay=1.9, health=4.9, lost="call:ended error")
    assert slow.failures(slack=20) == ["call:ended error", "+41 MiB"]


def test_nothing_heard_is_later_than_anything():
    assert percentile([], 0.99) == float("inf")


async def test_a_name_that_no_attack_has_is_told_with_those_there_are():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.attack", "no-such-attack"),
        cwd=ROOT,
        env=environ({}),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert all(name.encode() in said.replace(b"\n", b"") for name in ATTACKS)
