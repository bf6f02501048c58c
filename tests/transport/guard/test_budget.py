"""Beyond the memory budget who has most waiting goes first, and nobody else."""

from functools import partial

import pytest
from structlog.testing import capture_logs

from service.transport.guard import budget
from service.transport.guard.budget import CUT_IN_A_TICK, SPARED, Budget, Waiter


class Crowd:
    """Connections of which something waits."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = list(sizes)
        self.cut: list[int] = []

    def waiters(self) -> list[Waiter]:
        return [(size, lambda size=size: self.leave(size)) for size in self.sizes]  # type: ignore[misc]

    def leave(self, size: int) -> None:
        self.sizes.remove(size)
        self.cut.append(size)


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []
    monkeypatch.setattr(budget, "give_back", lambda: calls.append(1))
    return calls


async def test_the_largest_go_first_and_who_has_little_stays(given_back: list[int]):
    crowd = Crowd(*range(SPARED - 5, SPARED + 20))
    guard = Budget(1, crowd.waiters, lambda: 0)
    await guard.tick()
    assert guard.over
    assert crowd.cut == [SPARED + number for number in range(19, 19 - CUT_IN_A_TICK, -1)]
    for _ in range(5):
        await guard.tick()
    assert min(crowd.cut) == SPARED + 1
    assert max(crowd.sizes) == SPARED


async def test_what_is_free_is_given_back_once_nobody_has_much(given_back: list[int]):
    now = 0
    crowd = Crowd(SPARED + 1)
    guard = Budget(1, crowd.waiters, lambda: now)
    await guard.tick()
    assert (crowd.cut, given_back) == ([SPARED + 1], [])
    for _ in range(3):
        await guard.tick()
    assert given_back == [1]


@pytest.mark.parametrize(
    ("brought", "at_s"),
    [
        (budget.WORTH, [0, 10, 20, 30, 40]),
        (budget.WORTH - 1, [0, 20, 60, 140, 300, 620, 940]),
    ],
    ids=["which is much", "which is little"],
)
async def test_what_is_free_is_given_back_the_more_seldom_the_less_it_is(
    monkeypatch: pytest.MonkeyPatch, brought: int, at_s: list[int]
):
    taken, now, at = 2**40, 0, []

    def give_back() -> None:
        nonlocal taken
        taken -= brought
        at.append(now // 1000)

    monkeypatch.setattr(budget, "give_back", give_back)
    monkeypatch.setattr(budget, "resident", lambda: taken)
    guard = Budget(1, list, lambda: now)
    while now <= at_s[-1] * 1000:
        await guard.tick()
        now += 250
    assert at == at_s


async def test_it_is_told_once_and_is_over_at_95_percent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(budget, "give_back", lambda: None)
    guard, over = Budget(1_000, list, lambda: 0), []
    with capture_logs() as lines:
        for taken in (1_000, 1_001, 999, 1_001, 951, 950, 1_000):
            monkeypatch.setattr(budget, "resident", partial(int, taken))
            await guard.tick()
            over.append(guard.over)
    assert over == [False, True, True, True, True, False, False]
    assert [(line["event"], line["log_level"], line["resident"]) for line in lines] == [
        ("memory.short", "warning", 1_001),
        ("memory.enough", "info", 950),
    ]


@pytest.mark.parametrize("most", [0, 2**50], ids=["no limit", "enough"])
async def test_within_the_budget_nobody_goes(most: int):
    crowd = Crowd(10 * SPARED)
    guard = Budget(most, crowd.waiters, lambda: 0)
    await guard.tick()
    assert (guard.over, crowd.cut) == (False, [])
