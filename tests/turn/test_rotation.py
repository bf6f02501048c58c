"""Which secret mints, by when each was seen."""

from collections.abc import Sequence

import pytest

from service.turn.rotation import Change, Rotation

WAIT = 120_000
START = 1_700_000_000_000

Seen = tuple[int, Sequence[str], str, Change | None]
"""Seconds after the start, the secrets then, which of them mints, and what is new about it."""


@pytest.mark.parametrize(
    ("secrets", "seen"),
    [
        (["north"], [
            (0, ["north"], "north", None),
            (5, ["south", "north"], "north", "waits"),
            (124, ["south", "north"], "north", None),
            (125, ["south", "north"], "south", "rotated"),
            (9_999, ["south"], "south", None),
        ]),
        # What a service finds at its start may be minutes old or a second.
        (["south", "north"], [
            (0, ["south", "north"], "north", "waits"),
            (119, ["south", "north"], "north", None),
            (120, ["south", "north"], "south", "rotated"),
        ]),
        (["north"], [
            (0, ["north", "south"], "north", None),
            (60, ["south", "north"], "north", None),
            (120, ["south", "north"], "south", "rotated"),  # accepted for as long as that
        ]),
        (["north"], [
            (0, ["south"], "south", "replaced"),
            (60, ["east", "south"], "south", "waits"),
            (180, ["east", "south"], "east", "rotated"),
        ]),
        (["north"], [
            (0, ["south", "north"], "north", "waits"),
            (60, ["east", "south", "north"], "north", "waits"),
            (120, ["east", "south", "north"], "south", "rotated"),
            (180, ["east", "south", "north"], "east", "rotated"),
        ]),
        (["north"], [
            (0, ["south", "north"], "north", "waits"),
            (60, ["north"], "north", None),  # thought better of
            (61, ["south", "north"], "north", "waits"),
            (180, ["south", "north"], "north", None),
            (181, ["south", "north"], "south", "rotated"),
            (182, ["north"], "north", "replaced"),
        ]),
        (["north"], [(0, ["east", "south"], "south", "replaced")]),
    ],
    ids=["put ahead", "at the start", "accepted before", "replaced", "one after another",
         "withdrawn", "both replaced"],
)  # fmt: skip
def test_the_newest_that_was_seen_for_long_enough(secrets: Sequence[str], seen: Sequence[Seen]):
    rotation = Rotation(secrets, WAIT)
    assert rotation.minting == secrets[-1]
    for at, now, minting, change in seen:
        assert (rotation.follow(now, START + at * 1000), at) == (change, at)
        assert rotation.minting == minting


def test_without_a_wait_the_newest_mints_at_once():
    rotation = Rotation(["south", "north"])
    assert rotation.minting == "south"
    assert rotation.follow(["south", "north"], START) is None
    assert rotation.follow(["east", "south"], START + 1) == "rotated"
    assert rotation.minting == "east"


def test_without_a_secret_none_mints():
    assert Rotation([], WAIT).minting is None
