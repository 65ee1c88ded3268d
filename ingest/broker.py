"""Where an existing broker is, as one URL says it."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from core.errors import SettingsError

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_FORM: Final = "mqtt://user:password@host:port, or mqtts:// for TLS"


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker; it prints without its password."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def parse_broker(url: str) -> Broker:
    """Read a broker's URL; user and password may be percent-encoded, the port is 1883 or 8883 unless given.

    Raises:
        SettingsError: the URL has another form; the message does not repeat it, for it may hold a password.

    >>> str(parse_broker("mqtts://collar:p%40ss@farm.example"))
    'mqtts://farm.example:8883'
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"the broker's URL is not understood ({error}); its form is {_FORM}") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsError(f"the broker's URL is not understood; its form is {_FORM}")
    return Broker(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts", *_credentials(parts))


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    user, password = parts.username, parts.password
    return unquote(user) if user else None, None if password is None else unquote(password)
