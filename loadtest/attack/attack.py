"""One attack: what it is, and how it is done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from loadtest.attack.target import Target

Scenario = Callable[[Target], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Attack:
    """A row of the table.

    Args:
        name: how it is called for.
        told: what is sent, in a few words.
        done: does it, for as long as it is let.
        files: how many the service may have open; 0 leaves it as it is.
        log_read: whether anybody reads what the service logs.
    """

    name: str
    told: str
    done: Scenario
    files: int = 0
    log_read: bool = True


def crowd(many: int, one: Callable[[Target, int], Awaitable[None]]) -> Scenario:
    """So many at once, each of whom does `one` again and again; it is told who it is of them."""

    async def done(target: Target) -> None:
        await target.crowd(many, partial(target.again, partial(one, target)))

    return done
