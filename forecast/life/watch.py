"""Long work watched: it tells how far it is and learns whether it is still wanted, neither too often."""

import time
from collections.abc import Callable
from typing import Final

from storage.engine.database import Connection
from storage.modelling import trainings

TELL_EVERY_S: Final = 0.5
NEARLY: Final = 0.95
"""Share done that is told at most while the work goes on."""


class Watch:
    """One row of work under way; who loses `held`, the connection that holds it, learns so when he next tells."""

    def __init__(
        self,
        held: Connection,
        training_id: int,
        is_cancelled: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._held, self._training_id, self._is_cancelled, self._clock = held, training_id, is_cancelled, clock
        self._started = self._told = clock()
        self._expected_s: float | None = None
        self._share = 0.0
        self._wanted = True

    def expect(self, seconds: float) -> None:
        """Say how long it should take; the share done follows the time until `reached` knows better."""
        self._expected_s, self._started = seconds, self._clock()
        self._tell(seconds)

    def reached(self, done: int, of: int) -> None:
        """Say how far it is."""
        self._share = done / of if of else 0.0

    def cancelled(self) -> bool:
        """Tell whether it should stop."""
        if self._clock() - self._told >= TELL_EVERY_S:
            self._tell()
        return not self._wanted or self._is_cancelled()

    def _tell(self, expected_s: float | None = None) -> None:
        self._told = self._clock()
        passed = (self._told - self._started) / self._expected_s if self._expected_s else 0.0
        share = min(NEARLY, self._share or passed)
        self._wanted = trainings.report(self._held, self._training_id, share, expected_s=expected_s)
