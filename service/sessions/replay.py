"""The events of a resumable session by their numbers, kept until its client confirms them."""

from service import ids
from service.wire.packets import NUMBERED

MOST_EVENTS = 1_024
MOST_BYTES = 512 * 1024
MOST_BYTES_OF_A_NODE = 256 * 1024 * 1024
_DOWN_TO = 0.9
_BESIDE = 64
"""Bytes that a packet takes beside its text."""


class Replay:
    """What one session's client may not have received, the newest 1,024 events and 512 KiB.

    Within an epoch events are numbered from 1 on. What was emitted after a number can be had again
    while nothing behind that number was let go; a hole is never passed over. Beside them stands the
    newest presence of each watched user, which has no number yet.
    """

    __slots__ = ("_kept", "_memory", "_statuses", "_unnumbered", "epoch", "seq", "size")

    def __init__(self, memory: "ReplayMemory") -> None:
        self._memory = memory
        self._kept: list[bytes] = []
        self._statuses: dict[str, bytes] = {}
        self._unnumbered = 0
        """Bytes of the presence that is kept, which are outside the session's 512 KiB."""
        self.epoch = ids.epoch()
        self.seq = 0
        """The number of the last event; 0 before the first."""
        self.size = 0
        """Bytes that are kept, in all."""

    @property
    def floor(self) -> int:
        """The number behind which everything is kept."""
        return self.seq - len(self._kept)

    def number(self, event: str, payload: bytes) -> bytes:
        """The packet of the next event, which is kept."""
        self.seq = seq = self.seq + 1
        packet: bytes = NUMBERED % (event.encode(), payload[:-1], seq)
        self._kept.append(packet)
        self._grow(len(packet) + _BESIDE)
        if self.size - self._unnumbered > MOST_BYTES or len(self._kept) > MOST_EVENTS:
            self._let_go(self._excess())
        return packet

    def note(self, user: str, status: bytes) -> None:
        """Keep the presence of a watched user in place of an older one, which is no news."""
        before = self._statuses.get(user)
        self._statuses[user] = status
        size = len(status) + _BESIDE if before is None else len(status) - len(before)
        self._unnumbered += size
        self._grow(size)

    def noted(self) -> tuple[tuple[str, bytes], ...]:
        """Each watched user whose presence is kept, and that."""
        return tuple(self._statuses.items())

    def forget_noted(self) -> None:
        """Let the presence go, which is told or was handed over."""
        size, self._statuses, self._unnumbered = self._unnumbered, {}, 0
        self._grow(-size)

    def confirm(self, seq: int) -> None:
        """The client has everything up to `seq`."""
        if seq <= self.seq and seq > self.floor:
            self._let_go(seq - self.floor)

    def at(self, seq: int) -> bytes:
        """The packet of a number above the floor."""
        return self._kept[seq - self.floor - 1]

    def has_all_after(self, seq: int) -> bool:
        """Whether nothing that was emitted after `seq` is missing."""
        return self.floor <= seq <= self.seq

    def begin_anew(self) -> None:
        """A new epoch: no event is kept, and numbers begin at 1."""
        self._let_go(len(self._kept))
        self.epoch = ids.epoch()
        self.seq = 0

    def restore(self, epoch: str, seq: int, packets: tuple[bytes, ...]) -> None:
        """Go on in an epoch of which these packets are kept, up to `seq`."""
        self._let_go(len(self._kept))
        self.epoch, self.seq = epoch, seq
        self._kept.extend(packets)
        self._grow(sum(len(packet) + _BESIDE for packet in packets))

    def kept(self) -> tuple[bytes, ...]:
        """The packets that are kept, the first of them behind the floor."""
        return tuple(self._kept)

    def forget(self) -> None:
        """Let everything go that is kept."""
        self._let_go(len(self._kept))
        self.forget_noted()

    def lose(self) -> None:
        """Let everything go for want of memory: a resume gets a snapshot, as of an event missed."""
        if self._statuses:
            self.seq += 1
        self.forget()

    def _excess(self) -> int:
        """How many of the oldest have to go."""
        over = max(0, len(self._kept) - MOST_EVENTS)
        size = self.size - self._unnumbered
        for count, packet in enumerate(self._kept):
            if count >= over and size <= MOST_BYTES:
                return count
            size -= len(packet) + _BESIDE
        return len(self._kept)

    def _let_go(self, count: int) -> None:
        if count:
            self._grow(-sum(len(packet) + _BESIDE for packet in self._kept[:count]))
            del self._kept[:count]

    def _grow(self, size: int) -> None:
        self.size += size
        self._memory.grown(self, size)


class ReplayMemory:
    """What all sessions of a node keep; beyond 256 MiB those that keep most let go of it."""

    def __init__(self, most: int = MOST_BYTES_OF_A_NODE) -> None:
        self._most = most
        self._replays: set[Replay] = set()
        self.size = 0
        """Bytes that are kept for all sessions."""

    def __len__(self) -> int:
        return len(self._replays)

    def grown(self, replay: Replay, size: int) -> None:
        """A session keeps `size` bytes more, or less."""
        self.size += size
        if replay.size:
            self._replays.add(replay)
        else:
            self._replays.discard(replay)
        if size > 0 and self.size > self._most:
            self._shrink()

    def _shrink(self) -> None:
        for replay in sorted(self._replays, key=_size, reverse=True):
            if self.size <= self._most * _DOWN_TO:
                return
            replay.lose()


def _size(replay: Replay) -> int:
    return replay.size
