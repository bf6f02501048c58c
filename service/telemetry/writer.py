"""Lines written by a thread of their own, so that nobody waits for whoever reads the log.

docs/decisions/0026-a-log-that-nobody-waits-for.md.
"""

import os
import select
from queue import SimpleQueue
from sys import getsizeof
from threading import Event, RLock, Thread

MOST_BYTES = 4 * 1024 * 1024
"""Of memory that lines may take which are not written yet: some 10,000 usual ones."""
CLOSE_WITHIN_S = 2.0
GATHER_S = 0.05
"""How long a line waits for more: so the thread seldom wakes, and seldom takes the lock of the
interpreter from the event loop."""
_AT_ONCE = 64 * 1024


class Writer:
    """Writes to a file in the order in which it was given lines, by whatever thread.

    Args:
        fd: the file. It may block, and may fail, which loses lines and nothing else.
        encoding: of its text.
    """

    def __init__(self, fd: int, encoding: str = "utf-8") -> None:
        self._fd = fd
        self._encoding = encoding
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._put = self._done = 0  # bytes
        self._refused = self._failed = 0  # lines
        # Garbage that is collected in here may log something itself.
        self._lock = RLock()
        self._busy = False
        """Whether more came than was written at once: then nothing is waited for."""
        self._closing = Event()
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were never written."""
        return self._refused + self._failed

    def put(self, line: str) -> bool:
        """Have a line written, soon; False when too much waits, and it is dropped."""
        size = getsizeof(line)
        with self._lock:
            fits = self._put + size - self._done <= MOST_BYTES
            if fits:
                self._put += size
                self._queue.put(line)
            else:
                self._refused += 1
        return fits

    def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Write what waits, for so many seconds at the most, and nothing that comes later."""
        self._queue.put(None)
        self._closing.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while lines := self._some():
            try:
                self._write("".join([f"{line}\n" for line in lines]))
            except Exception:  # noqa: BLE001 - the file's, as a rule; the next lines may fare better
                self._failed += len(lines)
            self._done += sum(map(getsizeof, lines))

    def _some(self) -> list[str]:
        """What waits, at least one line and about 64 KiB at most; nothing at the end."""
        lines: list[str] = []
        size = 0
        while size < _AT_ONCE and not (lines and self._queue.empty()):
            line = self._queue.get()
            if line is None:
                if lines:
                    self._queue.put(None)
                break
            if not lines and not self._busy:
                self._closing.wait(GATHER_S)
            lines.append(line)
            size += len(line)
        self._busy = size >= _AT_ONCE
        return lines

    def _write(self, text: str) -> None:
        left = memoryview(text.encode(self._encoding, "backslashreplace"))
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:  # another process may have made it so: they share the file
                select.select([], [self._fd], [])
