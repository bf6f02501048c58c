"""Forged tokens from one place: ten are refused at once, further ones late, up to a bound."""

import asyncio

import pytest

from service.auth import offenders as bounds
from service.auth.offenders import FREE, Offenders

NOW = 1_795_000_000_000
ADDRESS = "192.0.2.7"


def late(offenders: Offenders, forgeries: int, at: int = NOW) -> list[bool]:
    """Which of so many forgeries, at the same time, are to be refused late."""
    return [offenders.blame(ADDRESS, at) for _ in range(forgeries)]


def test_ten_are_refused_at_once_and_further_ones_late():
    assert late(Offenders(), 30) == [False] * 10 + [True] * 20


def test_one_is_free_again_every_three_minutes_and_all_after_half_an_hour():
    offenders = Offenders()
    late(offenders, 30)
    assert late(offenders, 2, NOW + FREE.per_ms // 10) == [False, True]
    assert late(offenders, 11, NOW + 2 * FREE.per_ms) == [False] * 10 + [True]


def test_another_address_is_not_blamed():
    offenders = Offenders()
    late(offenders, 30)
    assert not offenders.blame("192.0.2.8", NOW)


@pytest.mark.parametrize(("scale", "free"), [(0.5, 5), (3, 30), (0.001, 1)])
def test_the_scale_multiplies_the_ten(scale: float, free: int):
    assert late(Offenders(scale), free + 2) == [False] * free + [True] * 2


async def held(offenders: Offenders, *addresses: str) -> list[asyncio.Task[None]]:
    """A refusal from each of these addresses, and those of them that wait."""
    tasks = [asyncio.create_task(offenders.hold(address)) for address in addresses]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [task for task in tasks if not task.done()]


async def ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_no_more_than_ten_of_one_sender_wait_at_a_time():
    offenders = Offenders()
    waiting = await held(offenders, *["2001:db8::1", "2001:db8::2"] * 10)
    others = await held(offenders, ADDRESS)
    assert (len(waiting), len(others)) == (10, 1)
    await ended(waiting)
    again = await held(offenders, "2001:db8::3")  # those who went made room
    assert len(again) == 1
    await ended(others + again)


async def test_no_more_than_a_thousand_of_all_wait_at_a_time(monkeypatch: pytest.MonkeyPatch):
    assert bounds.MOST_LATE == 1_000
    monkeypatch.setattr(bounds, "MOST_LATE", 20)
    offenders = Offenders()
    waiting = await held(offenders, *(f"192.0.2.{number}" for number in range(30)))
    assert len(waiting) == 20
    await ended(waiting)


async def test_who_waited_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bounds, "LATE_S", 0.01)
    offenders = Offenders()
    await asyncio.gather(*(offenders.hold(ADDRESS) for _ in range(5)))
    assert (offenders._late, offenders._late.total()) == ({}, 0)
