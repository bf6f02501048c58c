"""First answers of one process: a dictionary behind `ports.AnswerStore`."""

from collections import OrderedDict

from service.ports import Answer

REMEMBER_MS = 2 * 60_000
MOST_OF_A_USER = 256
"""Answers kept for one user: the oldest is forgotten first, whose repeat is a new try then."""
MOST_BYTES = 64 * 1024 * 1024
"""What all answers together may take."""
_BESIDE = 512
"""Bytes that an answer takes beside its fields."""

Key = tuple[str, str, str]


class MemoryAnswers:
    """`ports.AnswerStore` in a dictionary, the oldest answer first.

    An ordered one: in a plain one, finding the first takes as long as many were first before it.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[int, Answer]] = OrderedDict()
        self._of: dict[str, dict[Key, None]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def recall(self, key: Key, now: int) -> Answer | None:
        found = self._kept.get(key)
        return found[1] if found is not None and now < found[0] else None

    async def remember(self, key: Key, answer: Answer, now: int) -> None:
        if key in self._kept:
            self._forget(key)
        self._kept[key] = now + REMEMBER_MS, answer
        self._bytes += _size(answer)
        own = self._of.setdefault(key[0], {})
        own[key] = None
        if len(own) > MOST_OF_A_USER:
            self._forget(next(iter(own)))
        while self._bytes > MOST_BYTES:
            self._forget(next(iter(self._kept)))

    async def forget_old(self, now: int) -> None:
        """Let go of what is no longer recalled."""
        while self._kept:
            key, (until, _) = next(iter(self._kept.items()))
            if now < until:
                return
            self._forget(key)

    def _forget(self, key: Key) -> None:
        _, answer = self._kept.pop(key)
        self._bytes -= _size(answer)
        own = self._of[key[0]]
        del own[key]
        if not own:
            del self._of[key[0]]


def _size(answer: Answer) -> int:
    return len(answer.fields) + _BESIDE
