"""Settings that change while the service runs, so that changing them restarts nothing.

Secrets and keys are looked at every 5 s, as Kubernetes and others replace them in their files; the
rest of what may change only when somebody asks, with SIGHUP.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

import structlog

from service.background import Background
from service.ports import Clock
from service.settings import Settings, SettingsError, cautions, changes, variable

_log = structlog.get_logger(__name__)

EVERY_MS = 5_000

Follower = Callable[[Settings], None]
"""Takes what it follows out of the settings as they are set now; `ValueError` when it is unfit."""


class Reload(Background):
    """Reads the settings anew, and hands them to whoever follows some of them.

    What cannot be read changes nothing. What is wrong is logged once, and again when asked.

    Args:
        settings: those in force.
        reread: the settings as they are set now; reads files, so it runs in a thread.
        clock: now, in epoch ms.
        secrets: who follows a secret; the others go on where one finds its own unfit.
        others: who follows what is read anew only when asked.
    """

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings],
        clock: Clock,
        *,
        secrets: Sequence[Follower],
        others: Sequence[Follower],
    ) -> None:
        super().__init__()
        self._started = self._last = settings
        self._reread = reread
        self._clock = clock
        self._secrets = secrets
        self._others = others
        self._asked = False
        self._next_at = 0
        self._troubles: tuple[str, ...] = ()

    def ask(self) -> None:
        """Have everything read anew at the next tick."""
        self._asked = True

    async def tick(self) -> None:
        """Begin to look when it is time to: files that are slow hold up nothing else."""
        now = self._clock()
        due = bool(self._secrets) and now >= self._next_at
        if (due or self._asked) and not self.busy:
            self._next_at = now + EVERY_MS
            self.begin(self._look)

    async def _look(self) -> None:
        asked, self._asked = self._asked, False
        try:
            settings = await asyncio.to_thread(self._reread)
            if asked:
                self._compare(settings)
            followers = [*self._secrets, *(self._others if asked else ())]
            troubles = tuple(_handed_on(settings, followers))
        except SettingsError as unfit:
            troubles = unfit.mistakes
        except Exception:  # noqa: BLE001 - logged; the next look tries again
            _log.exception("config.failed")
            return
        for why in troubles:
            if asked or why not in self._troubles:
                _log.error("config.unfit", why=why)
        self._troubles = troubles

    def _compare(self, settings: Settings) -> None:
        """Tell what is different now, and what of it counts only after a restart."""
        live = [name for name in _different(self._last, settings) if changes(name)]
        self._last = settings
        _log.info("config.reread", changed=[*map(variable, live)])
        for caution in cautions(settings):
            _log.warning("config.unsafe", hint=caution)
        fixed = [variable(n) for n in _different(self._started, settings) if not changes(n)]
        if fixed:
            hint = f"What takes effect at the next start: {', '.join(fixed)}."
            _log.warning("config.need_restart", hint=hint)


def _different(before: Settings, after: Settings) -> Iterator[str]:
    for name in Settings.model_fields:
        if getattr(before, name) != getattr(after, name):
            yield name


def _handed_on(settings: Settings, followers: Sequence[Follower]) -> Iterator[str]:
    for follow in followers:
        try:
            follow(settings)
        except ValueError as unfit:
            yield str(unfit)
