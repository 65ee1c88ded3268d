"""What libraries tell Python's own `logging`, as events of ours: in our form, and the same thing once a minute only.

A client that has lost its server says so ten times a second, for as long as that lasts.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_QUIET_S: Final = 60.0
_MOST: Final = 1000
"""Different things that are remembered."""


@dataclass(slots=True)
class _Said:
    at: float
    unsaid: int = 0


class ForeignLogs(logging.Handler):
    """Passes on what libraries say.

    Args:
        logger_of: Returns our logger for a library's name of its own.
        monotonic: Clock, in seconds.
    """

    def __init__(self, logger_of: Callable[[str], Any], monotonic: Callable[[], float]) -> None:
        super().__init__()
        self._logger_of, self._monotonic = logger_of, monotonic
        self._said: dict[tuple[str, int, str], _Said] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Tell an event, unless the same was told within a minute; `unsaid` is how often it was kept back since."""
        told = record.getMessage()
        unsaid = self._kept_back((record.name, record.levelno, told))
        if unsaid is None:
            return
        level = max(logging.DEBUG, min(record.levelno // 10 * 10, logging.CRITICAL))
        fields = {"exc_info": record.exc_info, "unsaid": unsaid}
        said = {name: value for name, value in fields.items() if value}
        self._logger_of(record.name).log(level, told, **said)

    def _kept_back(self, what: tuple[str, int, str]) -> int | None:
        """Return how often something was kept back before it is said now; `None` if it is not to be said."""
        now, said = self._monotonic(), self._said.get(what)
        if said is not None and now - said.at < _QUIET_S:
            said.unsaid += 1
            return None
        if len(self._said) >= _MOST:
            self._said.clear()
        self._said[what] = _Said(now)
        return 0 if said is None else said.unsaid
