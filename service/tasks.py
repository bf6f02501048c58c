"""Work that nobody waits for: `start` does it on the spot, `spawn` in a task of its own."""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import Context, copy_context
from functools import partial
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

Work = Coroutine[Any, Any, None]


class Tasks:
    """Owns what is under way, so that it is not collected before it is done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Work) -> None:
        """Do the work, as far as it goes without waiting; the rest is done in a task.

        In a context of its own, as in a task. Until it waits, `asyncio.current_task` is whoever
        started it: `asyncio.timeout` may be used only behind a wait. An exception is logged.
        """
        context = copy_context()
        try:
            waited_for = context.run(work.send, None)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001 - the boundary: nobody is there to be told
            _log.exception("task.failed")
            return
        self.spawn(_rest(work, waited_for), context)

    def spawn(self, work: Work, context: Context | None = None) -> asyncio.Task[None]:
        """Do the work in a task, which can be cancelled, from the next turn of the loop on."""
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def done(self) -> None:
        """Wait for those tasks that there are now."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Begun:
    """A coroutine that waits for something, to be awaited from there on."""

    def __init__(self, work: Work, waited_for: Any) -> None:
        self._work = work
        self._waited_for = waited_for

    def __await__(self) -> Generator[Any, Any, None]:
        waited_for = self._waited_for
        while True:
            try:
                result = yield waited_for
            except BaseException as error:  # noqa: BLE001 - what ended the wait ends it there
                step = partial(self._work.throw, error)
            else:
                step = partial(self._work.send, result)
            try:
                waited_for = step()
            except StopIteration:
                return


async def _rest(work: Work, waited_for: Any) -> None:
    try:
        await _Begun(work, waited_for)
    except Exception:  # noqa: BLE001 - as in `start`
        _log.exception("task.failed")
