"""How a resumable client sends its list: in order, not too fast, and again what came too fast."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.support.link import Link
from tests.support.outgoing import Outgoing, Said

_MOST_AGAIN = 50
"""Messages that are sent again in a second."""


class Sending:
    """Sends what waits over one connection after the other.

    Args:
        outgoing: the list.
        wrong: told of a refusal that the protocol does not explain.
    """

    def __init__(self, outgoing: Outgoing, wrong: Callable[..., None]) -> None:
        self.limited = 0
        """How many relays were refused for coming too fast."""
        self._outgoing = outgoing
        self._wrong = wrong
        self._link: Link | None = None
        self._limited_on: Link | None = None
        self._rests_until = 0.0
        self._task: asyncio.Task[None] | None = None

    def begin(self, link: Link) -> None:
        """Send all that waits over a connection that has joined."""
        self.pause()
        self._link = link
        self._go_on()

    def say(self, said: Said) -> None:
        """Send something now, or behind what is being sent again."""
        if self._task is None and self._link is not None:
            self._send(said, self._link)

    def pause(self) -> None:
        """Send nothing, and hear no answer, until there is another connection."""
        self._link = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _send(self, said: Said, link: Link) -> None:
        said.sent_on = link

        def answered(answer: Any) -> None:
            if link is not self._link or not said.waits:
                return
            if said.keeps_its_number(answer):
                self._slow_down(said, answer["error"], link)
            else:
                said.finish(answer)

        link.emit(said.event, said.payload, answered)

    def _slow_down(self, said: Said, error: dict[str, Any], link: Link) -> None:
        """Send a relay again: it came too fast, or behind one that did."""
        if error["code"] == "rate_limited":
            self.limited += 1
            self._limited_on = link
            now = asyncio.get_running_loop().time()
            self._rests_until = now + error["retryAfterMs"] / 1_000
        elif self._limited_on is not link:
            self._wrong(said, error)
        said.sent_on = None
        self._go_on()

    def _go_on(self) -> None:
        if self._task is None and self._link is not None:
            self._task = asyncio.create_task(self._send_waiting(self._link))

    async def _send_waiting(self, link: Link) -> None:
        """Send what waits; what is said meanwhile comes behind it."""
        sent, now = 0, asyncio.get_running_loop().time
        while unsent := self._outgoing.unsent(link):
            if (rest := self._rests_until - now()) > 0:
                await asyncio.sleep(rest)
                continue
            self._send(unsent[0], link)
            sent += 1
            if sent % _MOST_AGAIN == 0:
                await asyncio.sleep(1)
        self._task = None
