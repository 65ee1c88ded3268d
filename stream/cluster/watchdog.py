"""Ends a worker that stands still: work waits, and for too long nothing of it was committed."""

from dataclasses import dataclass
from typing import NamedTuple

from core.errors import AnimovError


class StuckError(AnimovError):
    """A worker stands still; another one, or its own next life, goes on with its partitions."""


class Signs(NamedTuple):
    """What a worker shows of itself.

    Attributes:
        waiting: Records taken and not committed, and records in Kafka that it has not taken.
        committed: Records committed since it began.
        retries: Attempts at a flush that failed for a reason outside: while the database is away, no other worker
            would do better.
    """

    waiting: int
    committed: int
    retries: int


@dataclass(slots=True)
class Watchdog:
    """Looks at signs of life; times are seconds of a monotonic clock.

    Attributes:
        patience_s: How long a worker may stand still.
        still_s: For how long it had stood still when it was last looked at.
    """

    patience_s: float
    still_s: float = 0.0
    _since: float | None = None
    _last: tuple[int, int] | None = None

    def look(self, signs: Signs, now: float) -> None:
        """Look now.

        Raises:
            StuckError: patience is over.
        """
        done = signs[1:]
        if self._since is None or done != self._last or not signs.waiting:
            self._since, self._last = now, done
        self.still_s = now - self._since
        if not signs.waiting:  # it begins with the look that finds work
            self._since = None
        if self.still_s > self.patience_s:
            raise StuckError(
                f"{signs.waiting} records wait and none was committed for {self.still_s:.0f} s; this worker ends"
            )
