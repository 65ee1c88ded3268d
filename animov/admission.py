"""Who may write over MQTT where others can reach the endpoint: each collar, on its own topics."""

from dataclasses import dataclass

from core.readings import CollarName
from ingest.mqtt.access import Authenticate, Principal
from storage import credentials


@dataclass(frozen=True, slots=True)
class OneCollar:
    """A collar that has shown its password."""

    name: CollarName

    def may_write(self, topic: str) -> bool:
        """Tell whether a topic is the collar's own."""
        return topic.startswith(f"animov/v1/{self.name.farm}/{self.name.collar}/")


async def admit_by_password(url: str) -> Authenticate | None:
    """Return who lets collars in by user `FARM/COLLAR` and password; `None` while no collar has one.

    Passwords are read at each connection, so that a new one counts at once.
    """
    if not await credentials.password_hashes(url):
        return None

    async def authenticate(_client_id: str, user: str | None, password: bytes | None) -> Principal | None:
        farm, _, collar = (user or "").partition("/")
        stored = (await credentials.password_hashes(url)).get(CollarName(farm, collar), "")
        shown = (password or b"").decode(errors="replace")
        return OneCollar(CollarName(farm, collar)) if credentials.matches(shown, stored) else None

    return authenticate
