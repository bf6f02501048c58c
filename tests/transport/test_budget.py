"""Beyond the memory budget who has most waiting goes first, and nobody else."""

import pytest

from service.transport import budget
from service.transport.budget import CUT_IN_A_TICK, SPARED, Budget, Waiter


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
    now = budget.GIVE_BACK_EVERY_MS
    await guard.tick()
    assert given_back == [1, 1]


@pytest.mark.parametrize("most", [0, 2**50], ids=["no limit", "enough"])
async def test_within_the_budget_nobody_goes(most: int):
    crowd = Crowd(10 * SPARED)
    guard = Budget(most, crowd.waiters, lambda: 0)
    await guard.tick()
    assert (guard.over, crowd.cut) == (False, [])
