"""Whether the last answer over a TCP connection has arrived.

HTTP does not say: a client may hang up before the answer is written and be heard only afterwards.
TCP knows, since its other end acknowledges what it has (RFC 9293, 3.10.7.4).
"""

import fcntl
import struct
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ARRIVAL = "ringline.arrival"
"""Where the ASGI scope has it."""
_INT = struct.Struct("i")


class Arrival:
    """What is known of the last answer over a TCP connection.

    Args:
        transport: the connection's.
    """

    __slots__ = ("_transport", "answer", "over")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.answer: Answer | None = None
        """The answer that is followed, if one is."""
        self.over = False
        """Whether the other end has hung up, so that no answer arrives."""

    def follow(self, lost: Callable[[], None]) -> "Answer":
        """Have `lost` called should the answer that is written next turn out to be lost."""
        self.answer = answer = Answer(self, lost)
        return answer

    def unread(self) -> int:
        """Bytes that the other end has not acknowledged."""
        waiting: int = self._transport.get_write_buffer_size()
        try:
            number = self._transport.get_extra_info("socket").fileno()
            size = fcntl.ioctl(number, termios.TIOCOUTQ, bytes(_INT.size))
        except (OSError, ValueError):  # closed by now, or not to be asked on this system
            return waiting
        queued: int = _INT.unpack(size)[0]
        return waiting + queued

    def asked_again(self) -> None:
        """Another request has come over the connection, whose sender has read the last answer."""
        self.answer = None

    def ended(self) -> None:
        """The other end has hung up.

        A reset by itself loses nothing: proxies reset connections when they have passed all on.
        """
        self.over = True
        answer, self.answer = self.answer, None
        if answer is not None and self.unread():
            answer.lost()


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An answer that is on its way."""

    arrival: Arrival
    lost: Callable[[], None]

    def forget(self) -> None:
        """It has arrived, or nobody asks any more."""
        if self.arrival.answer is self:
            self.arrival.answer = None
