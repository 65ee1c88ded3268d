"""Calling a webhook, signed as Standard Webhooks have it, so that any receiver's library can tell that it is us.

The format: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The header
`webhook-id` is the same at each attempt: a receiver that keeps the last ones takes a message once.
"""

import base64
import hmac
from datetime import datetime
from http.client import HTTPException
from typing import Final

from core.notice_addresses import SECRET_PREFIX
from core.private_networks import NOTHING, Allowed
from storage.alerting.notice_channels import Channel
from storage.alerting.notifications import Message
from stream.notifying.calling import NotReachedError, post
from stream.notifying.outcome import TAKEN, Outcome, in_a_line

PATIENCE_S: Final = 10.0
"""Wall seconds after which an attempt is given up."""

_FOR_GOOD: Final = frozenset({400, 410, 413, 422})
"""The receiver has understood and does not want it."""

_NOT_DONE: Final = frozenset({401, 403, 404, 405, 429, 503}) | frozenset(range(300, 400))
"""Nothing was done; another attempt may do better once somebody has mended it."""


def signature(secret: str, key: str, sent_at: int, body: bytes) -> str:
    """Return the signature of a message.

    Args:
        secret: `whsec_` and the key in base64.
        key: The message's id.
        sent_at: Seconds since 1970 on the wall.
        body: As it is sent.
    """
    signed = f"{key}.{sent_at}.".encode() + body
    made = hmac.digest(base64.b64decode(secret.removeprefix(SECRET_PREFIX)), signed, "sha256")
    return "v1," + base64.b64encode(made).decode()


def call_webhook(
    channel: Channel, message: Message, wall: datetime, *, allowed: Allowed = NOTHING, patience_s: float = PATIENCE_S
) -> Outcome:
    """Make one attempt to call a webhook at an instant of the wall."""
    body, key, sent_at = message.body.encode(), str(message.key), int(wall.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "animov",
        "webhook-id": key,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": signature(channel.secret, key, sent_at, body),
    }
    try:
        status, reason = post(channel.address, headers, body, allowed=allowed, patience_s=patience_s)
    except NotReachedError as error:
        return Outcome("not_taken", in_a_line(error))
    except (OSError, HTTPException) as error:
        return Outcome("unclear", f"it broke off without an answer: {in_a_line(error) or type(error).__name__}")
    return TAKEN if 200 <= status < 300 else _declined(status, reason)


def _declined(code: int, reason: str) -> Outcome:
    why = f"{code} {in_a_line(reason)}"
    if code in _FOR_GOOD:
        return Outcome("refused", why)
    return Outcome("not_taken" if code in _NOT_DONE else "unclear", why)
