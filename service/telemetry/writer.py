"""Writes log lines in a thread, so that the service never waits for what reads the log.

docs/decisions/0026-a-log-that-nobody-waits-for.md.
"""

import os
import select
from queue import SimpleQueue
from sys import getsizeof
from threading import Event, RLock, Thread

MOST_BYTES = 4 * 1024 * 1024
"""Memory for lines that are not written yet, about 10,000 of usual length."""
CLOSE_WITHIN_S = 2.0
GATHER_S = 0.05
"""How long a line waits for more lines, so that the thread wakes seldom and seldom takes the
interpreter's lock from the event loop."""
_AT_ONCE = 64 * 1024


class Writer:
    """Writes lines to a file in the order in which they come, from any thread.

    Args:
        fd: the file. It may block or fail, which only loses lines.
        encoding: of its text.
    """

    def __init__(self, fd: int, encoding: str = "utf-8") -> None:
        self._fd = fd
        self._encoding = encoding
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._put = self._done = 0  # bytes
        self._refused = self._failed = 0  # lines
        self.told = 0
        """Of the lines that were not written, how many the log has told of."""
        # Reentrant: garbage collection inside the lock may log something.
        self._lock = RLock()
        self._busy = False
        """Whether more lines waited than were written at once; then it does not wait for more."""
        self._closing = Event()
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were not written."""
        return self._refused + self._failed

    def msg(self, line: str) -> None:
        """Have a line written soon; it is dropped when too many wait."""
        size = getsizeof(line)
        with self._lock:
            fits = self._put + size - self._done <= MOST_BYTES
            if fits:
                self._put += size
                self._queue.put(line)
            else:
                self._refused += 1

    debug = info = warning = error = critical = msg

    def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Write the lines that wait, for so many seconds at most, and no later ones."""
        self._queue.put(None)
        self._closing.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while lines := self._some():
            try:
                self._write("".join([f"{line}\n" for line in lines]))
            except Exception:  # noqa: BLE001 - whatever failed, the next lines may succeed
                self._failed += len(lines)
            self._done += sum(map(getsizeof, lines))

    def _some(self) -> list[str]:
        """Lines that wait, at least one and about 64 KiB at most; none at the end."""
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
            except BlockingIOError:  # another process, which shares the file, made it so
                select.select([], [self._fd], [])
