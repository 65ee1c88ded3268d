"""Who may write over MQTT where others can reach the endpoint: each collar, on its own topics."""

import asyncio
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Final

from core.readings import CollarName
from ingest.mqtt.access import Authenticate, Principal
from storage.herds import credentials

NOBODY: Final = credentials.hash_of(token_urlsafe())
"""What nobody has shown the password of, so that a name that is unknown takes as long to refuse."""

AT_A_TIME: Final = 4
"""Passwords that are looked up at the same time."""


@dataclass(frozen=True, slots=True)
class OneCollar:
    """A collar that has shown its password."""

    name: CollarName

    def may_write(self, topic: str) -> bool:
        """Tell whether a topic is the collar's own."""
        return topic.startswith(f"animov/v1/{self.name.farm}/{self.name.collar}/")


async def admit_by_password(url: str) -> Authenticate | None:
    """Return who lets collars in by user `FARM/COLLAR` and password; `None` while no collar has one.

    A password is looked up at each connection, so that a new one counts at once; strangers who try many wait in line
    and can't take up the database.
    """
    if not await credentials.any_password(url):
        return None
    line = asyncio.Semaphore(AT_A_TIME)

    async def authenticate(_client_id: str, user: str | None, password: bytes | None) -> Principal | None:
        farm, _, collar = (user or "").partition("/")
        async with line:
            stored = await credentials.password_hash_of(url, CollarName(farm, collar)) or NOBODY
        shown = (password or b"").decode(errors="replace")
        return OneCollar(CollarName(farm, collar)) if credentials.matches(shown, stored) else None

    return authenticate
