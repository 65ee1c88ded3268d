"""Who is logged in in which browser, so that a page that is loaded anew finds its login again.

Nothing of it is in the browser but a random name, in a cookie that scripts can't read; all is forgotten when the
console ends.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from dashboards.console.client import Login

COOKIE: Final = "animov_console"
IDLE_S: Final = 12 * 3600.0
"""Seconds without use after which a login is forgotten."""

MOST: Final = 1000


@dataclass(slots=True)
class Logins:
    """The logins of browsers by name, those used last at the end."""

    now: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[Login, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def keep(self, browser: str, login: Login) -> None:
        """Remember a login; of too many the one that was used longest ago goes."""
        with self._lock:
            self._kept.pop(browser, None)
            self._kept[browser] = (login, self.now())
            while len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]

    def find(self, browser: str) -> Login | None:
        """Return the login of a browser, which counts as a use of it."""
        with self._lock:
            login, used = self._kept.pop(browser, (None, 0.0))
            if login is None or self.now() - used > IDLE_S:
                return None
            self._kept[browser] = (login, self.now())
            return login

    def forget(self, login: Login) -> None:
        """Forget a login, in whatever browser it is."""
        with self._lock:
            for browser in [browser for browser, (one, _) in self._kept.items() if one is login]:
                del self._kept[browser]


LOGINS: Final = Logins()
"""Those of this process."""
