"""Tells people when Kafka falls silent under a bridge, and when it is back: its client has its own words."""

from dataclasses import dataclass
from typing import Final

from core.logs import get_logger

log = get_logger(__name__)

SILENT_S: Final = 10.0
"""How long a record waits before Kafka is called silent, in seconds."""


@dataclass(slots=True)
class Silence:
    """Whether Kafka is silent, and since when it was; times are seconds of a monotonic clock."""

    _since: float | None = None

    def look(self, waited_s: float, waiting: int, now: float) -> None:
        """Look at how long the oldest record waits, and log what has changed.

        Args:
            waited_s: Of the oldest record, in seconds; 0 if none waits.
            waiting: How many records wait.
            now: Time of this look.
        """
        if self._since is None and waited_s > SILENT_S:
            self._since = now - waited_s
            log.warning("bridge.kafka_silent", oldest_s=round(waited_s), waiting=waiting)
        elif self._since is not None and waited_s <= SILENT_S:
            log.warning("bridge.kafka_back", silent_s=round(now - self._since), waiting=waiting)
            self._since = None
