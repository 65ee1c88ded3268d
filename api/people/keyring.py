"""Keys that sign access tokens. Each follows from the node's secret and the key's name, so the database holds names.

HMAC-SHA-256 of the name under the secret is as good as random to whoever lacks the secret (RFC 5869, section 3.3); it
is the key of HS256 and the seed of Ed25519 (RFC 8032). Another secret ends all access tokens, and no login: refresh
tokens and cookies do not depend on it.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import SettingsError
from storage.access.signing import Algorithm

_SHORTEST_SECRET: Final = 32  # bytes: a shorter one is weaker than the hash, RFC 7518 section 3.2


@dataclass(frozen=True, slots=True)
class NodeSecret:
    """What all signing keys follow from; the same for all processes that answer for one API.

    Raises:
        SettingsError: it has less than 32 bytes.
    """

    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.value) < _SHORTEST_SECRET:
            raise SettingsError(f"the signing key has {len(self.value)} bytes; {_SHORTEST_SECRET} or more are needed")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key by its name; `private` signs and `public` checks, which is the same for HS256."""

    kid: str
    algorithm: Algorithm
    private: Any = field(repr=False)
    public: Any = field(repr=False)


def derive(secret: NodeSecret, kid: str, algorithm: Algorithm) -> SigningKey:
    """Return the key of a name."""
    seed = hmac.digest(secret.value, f"animov access token {algorithm} {kid}".encode(), "sha256")
    if algorithm == "HS256":
        return SigningKey(kid, algorithm, seed, seed)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - for those who chose EdDSA
        Ed25519PrivateKey,
    )

    private = Ed25519PrivateKey.from_private_bytes(seed)
    return SigningKey(kid, algorithm, private, private.public_key())


def public_numbers(key: SigningKey) -> dict[str, str] | None:
    """Return a key as a JSON Web Key (RFC 8037) with which others may check; `None` where it would let them sign."""
    if key.algorithm == "HS256":
        return None
    x = urlsafe_b64encode(key.public.public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": key.kid, "alg": "EdDSA", "use": "sig"}
