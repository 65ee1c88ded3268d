"""Webhooks that the node would never call are refused when somebody names them, not when the first alert is lost."""

import socket
from contextlib import suppress
from threading import Thread
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request

from api.forms.problems import contradicting
from core.private_networks import Allowed, reachable
from core.problem_texts import say

PATIENCE_S: Final = 2.0
"""Wall seconds to wait for what a name stands for; one that is not known by then is judged when it is called."""


def _allowed(request: Request) -> Allowed:
    allowed: Allowed = request.app.state.webhooks_allowed
    return allowed


InAllowed = Annotated[Allowed, Depends(_allowed)]
"""What webhooks may reach besides the public internet."""


def refuse_private(url: str, allowed: Allowed) -> None:
    """Refuse a webhook whose host leads nowhere but into networks that webhooks may not reach.

    Raises:
        ProblemError: 409, `contradiction`: it contradicts how the node was set up.
    """
    host = urlsplit(url).hostname or ""
    addresses = _addresses(host)
    if addresses and not reachable(host, addresses, allowed):
        raise contradicting("address", "body", say("private_webhook", host=host))


def _addresses(host: str) -> list[str]:
    """Return the addresses of a host; none if nobody knows any in time."""
    found: list[str] = []

    def look_up() -> None:
        with suppress(OSError, UnicodeError):
            found.extend(str(place[0]) for *_, place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))

    looking = Thread(target=look_up, daemon=True)
    looking.start()
    looking.join(PATIENCE_S)
    return list(found)
