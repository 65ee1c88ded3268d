"""Where alerts can be told: mailboxes, URLs of webhooks, and the secrets by which a webhook knows that it is us."""

import base64
import re
import secrets
from typing import Final
from urllib.parse import urlsplit

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with

_MAILBOX: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def is_mailbox(address: str) -> bool:
    """Tell whether mails can be sent to an address: ASCII, without quotes.

    >>> is_mailbox("ada@example.org"), is_mailbox("Ada <ada@example.org>")
    (True, False)
    """
    return _MAILBOX.fullmatch(address) is not None


def fresh_secret() -> str:
    """Return a new key to sign by, as receivers want it written."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def is_callable_url(url: str) -> bool:
    """Tell whether a URL can be called: http or https, a host, no user in it."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and url.isascii()
    except ValueError:
        return False
