"""Where alerts can be told: mailboxes, URLs of webhooks, and the secrets by which a webhook knows that it is us."""

import base64
import re
import secrets
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with

_HOST: Final = "[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
_PORT: Final = "6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}"

MAILBOX: Final = rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_HOST}"
URL: Final = rf"https?://{_HOST}(?::(?:{_PORT}))?(?:[/?#][\x21-\x7e]*)?"
"""As regular expressions, which descriptions of interfaces tell too."""

_MAILBOX: Final = re.compile(MAILBOX)
_URL: Final = re.compile(URL)


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
    """Tell whether a URL can be called: http or https, a host by name or IPv4, no user in it.

    >>> is_callable_url("https://example.org:8443/hook?farm=1"), is_callable_url("https://ada@example.org")
    (True, False)
    """
    return _URL.fullmatch(url) is not None
