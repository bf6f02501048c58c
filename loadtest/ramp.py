"""How many users there are, from the start of a run to its end."""

from typing import ClassVar

from locust import LoadTestShape


class Ramp(LoadTestShape):
    """Five equal steps up in the first third of the time, then all users to the end.

    `--users`, `--run-time` and `--spawn-rate` say how many, how long, and how many a second. When
    the time is over, users leave after their call: a master that ended the run at once would lose
    what its workers still count.
    """

    use_common_options: ClassVar[bool] = True
    _steps = 5

    def tick(self) -> tuple[int, float] | None:
        """The users that there should be now and their rate; None ends the run."""
        assert self.runner is not None
        options = self.runner.environment.parsed_options
        assert options is not None
        gone, whole = self.get_run_time(), options.run_time
        if gone >= whole:
            over = not self.get_current_user_count() or gone >= whole + options.stop_timeout
            return None if over else (0, options.num_users)
        step = min(self._steps, int(gone / (whole / 3) * self._steps) + 1)
        return max(1, options.num_users * step // self._steps), options.spawn_rate
