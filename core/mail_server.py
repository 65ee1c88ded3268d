"""Where mails are handed in, as one setting says it: `smtps://user:password@host:port`."""

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

Security = Literal["smtp", "starttls", "smtps"]

_PORTS: Final[dict[Security, int]] = {"smtp": 25, "starttls": 587, "smtps": 465}
_NEAR: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes mails.

    Attributes:
        security: `smtps`: TLS from the first byte; `starttls`: plain until the connection is secured, which must
            succeed; `smtp`: plain.
        host: Its name or address.
        port: Its port.
        user: Who logs in; empty for nobody.
        password: With which password.
    """

    security: Security
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


def parse_mail_server(url: str) -> MailServer:
    """Read the URL of a server.

    >>> parse_mail_server("starttls://farm%40example.org:secret@mail.example.org")
    MailServer(security='starttls', host='mail.example.org', port=587, user='farm@example.org')

    Raises:
        ValueError: it is none, or would send a password in the clear to another machine.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # whose words may hold a part of the password
        host, port = "", None
    security = next((known for known in _PORTS if url.startswith(f"{known}://")), None)
    if security is None or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("it is not smtps://, starttls:// or smtp:// with [user:password@]host[:port]")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("a user and a password belong together")
    if user and security == "smtp" and host not in _NEAR:
        raise ValueError("a password would go through the network in the clear: say starttls:// or smtps://")
    return MailServer(security, host, port or _PORTS[security], user, password)
