"""The steps of a run, and how each went."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from service.cli.probe.failures import StepFailed, StepSkipped

Name = Literal["connect", "call", "relay", "turn", "hang-up"]
Result = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how many seconds it took, and why it failed or was skipped."""

    name: Name
    seconds: float
    result: Result = "ok"
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The steps of a run, in order. After one that fails none is taken."""

    origin: str
    steps: tuple[Step, ...]

    @property
    def failure(self) -> Step | None:
        """The step that failed, if one did."""
        return next((step for step in self.steps if step.result == "failed"), None)

    @property
    def ok(self) -> bool:
        """Whether no step failed."""
        return self.failure is None


class Stopped(Exception):
    """A step failed and is reported: the run ends."""


class Steps:
    """Takes one step after the other, and reports each once it is over."""

    def __init__(self, tell: Callable[[Step], object]) -> None:
        self.taken: list[Step] = []
        self._tell = tell

    @asynccontextmanager
    async def step(self, name: Name) -> AsyncIterator[None]:
        """Time what is inside; raises `Stopped` when that raises `StepFailed`."""
        began = time.perf_counter()

        def over(result: Result, why: str | None = None) -> None:
            step = Step(name, time.perf_counter() - began, result, why)
            self.taken.append(step)
            self._tell(step)

        try:
            yield
        except StepSkipped as reason:
            over("skipped", str(reason))
        except StepFailed as failure:
            over("failed", str(failure))
            raise Stopped from None
        except (LookupError, TypeError, ValueError, AttributeError):
            over("failed", "what answers there is not Ringline")
            raise Stopped from None
        else:
            over("ok")
