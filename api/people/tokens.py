"""Access tokens: what a login hands out and every request shows. Pure functions of the key, the token and the time.

They are JSON Web Tokens in the manner of RFC 9068, signed with HMAC-SHA-256. Tokens live in wall time.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import jwt

from core.errors import AnimovError, SettingsError

LIFETIME: Final = timedelta(minutes=15)
ISSUER: Final = "animov"
AUDIENCE: Final = "animov-api"

_ALGORITHM: Final = "HS256"
_TYPE: Final = "at+jwt"
_SHORTEST_KEY: Final = 32  # bytes: a shorter key is weaker than the hash, RFC 7518 section 3.2
_LONGEST_TOKEN: Final = 4096  # characters; ours have about 300
_SKEW_S: Final = 60  # by which the clocks of two nodes may differ
_CLAIMS: Final = ("iss", "aud", "sub", "iat", "exp", "jti")


class TokenError(AnimovError):
    """A token is not one of ours, was tampered with, or its time is over."""

    def __init__(self) -> None:
        super().__init__("the access token is not valid or has expired")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The secret that signs tokens; too short a one is refused.

    Raises:
        SettingsError: the secret has less than 32 bytes.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < _SHORTEST_KEY:
            raise SettingsError(f"the signing key has {len(self.secret)} bytes; {_SHORTEST_KEY} or more are needed")


def issue(key: SigningKey, *, user_id: int, token_id: str, now: float) -> str:
    """Return a token that lets a person in for 15 minutes.

    Args:
        key: Signs it.
        user_id: The person.
        token_id: Never used before.
        now: Wall time, seconds since 1970.
    """
    issued_at = int(now)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "iat": issued_at,
        "exp": issued_at + int(LIFETIME.total_seconds()),
        "jti": token_id,
    }
    return jwt.encode(claims, key.secret, algorithm=_ALGORITHM, headers={"typ": _TYPE})


def user_of(key: SigningKey, token: str, *, now: float) -> int:
    """Return the person that a token lets in.

    Args:
        key: Must have signed it.
        token: As it came; anything.
        now: Wall time, seconds since 1970.

    Raises:
        TokenError: it lets nobody in.
    """
    if len(token) > _LONGEST_TOKEN:
        raise TokenError
    try:
        claims = _verified(key, token)
        in_time = claims["iat"] - _SKEW_S <= now < claims["exp"]
        user_id = int(claims["sub"])
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenError from None
    if not in_time:
        raise TokenError
    return user_id


def _verified(key: SigningKey, token: str) -> dict[str, Any]:
    decoded = jwt.decode_complete(
        token,
        key.secret,
        algorithms=[_ALGORITHM],
        audience=AUDIENCE,
        issuer=ISSUER,
        # times are compared with the instant that is passed in, not with the library's own clock
        options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    if decoded["header"].get("typ") != _TYPE:
        raise TokenError
    claims: dict[str, Any] = decoded["payload"]
    return claims
