"""Secrets that we hand out: random and long, so that a plain hash protects what is kept of them."""

import secrets
from hashlib import sha256
from typing import Final

_BYTES: Final = 32


def fresh(prefix: str = "") -> str:
    """Return a secret of 256 random bits that nobody has seen, as text that fits into a header."""
    return prefix + secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> bytes:
    """Return what is kept of a secret: its SHA-256."""
    return sha256(secret.encode(errors="surrogatepass")).digest()
