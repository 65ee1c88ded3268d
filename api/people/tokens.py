"""Access tokens: what a login hands out and every request shows. Pure functions of the keys, the token and the time.

They are JSON Web Tokens in the manner of RFC 9068. The key is chosen by the header `kid` among our own and brings its
algorithm with it: what else a header says about how to check the token is not listened to. Wall time throughout.
The library comes with the first token: it takes as long as a good part of the start, and API keys never need it.
"""

from collections.abc import Mapping
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any, Final, NamedTuple
from uuid import UUID

from api.people.keyring import SigningKey
from core.errors import AnimovError
from core.problem_texts import say

LIFETIME: Final = timedelta(minutes=15)
ISSUER: Final = "animov"
AUDIENCE: Final = "animov-api"

_TYPE: Final = "at+jwt"
_LONGEST_TOKEN: Final = 4096  # characters; ours have about 400
_SKEW_S: Final = 60  # by which the clocks of two nodes may differ
_CLAIMS: Final = ("iss", "aud", "sub", "sid", "iat", "exp", "jti")


class TokenError(AnimovError):
    """A token is not one of ours, was tampered with, or its time is over."""

    def __init__(self) -> None:
        super().__init__(say("token_refused"))


class Bearer(NamedTuple):
    """Whom a token lets in, and by which login."""

    user_id: int
    session_id: UUID


def issue(key: SigningKey, bearer: Bearer, *, now: float, lifetime: timedelta = LIFETIME) -> str:
    """Return a token that lets a person in for a while.

    Args:
        key: Signs it.
        bearer: The person and the login.
        now: Wall time, seconds since 1970.
        lifetime: For how long.
    """
    import jwt  # noqa: PLC0415 - as said above

    issued_at = int(now)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(bearer.user_id),
        "sid": str(bearer.session_id),
        "iat": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
        "jti": token_urlsafe(16),
    }
    return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"typ": _TYPE, "kid": key.kid})


def key_id_of(token: str) -> str:
    """Return the name of the key that a token says to be signed with.

    Raises:
        TokenError: it says none.
    """
    import jwt  # noqa: PLC0415 - as said above

    if len(token) > _LONGEST_TOKEN:
        raise TokenError
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenError from None
    if not isinstance(kid, str):
        raise TokenError
    return kid


def bearer_of(key: SigningKey, token: str, *, now: float) -> Bearer:
    """Return whom a token lets in.

    Args:
        key: The one that `key_id_of` names; must have signed it.
        token: As it came; anything.
        now: Wall time, seconds since 1970.

    Raises:
        TokenError: it lets nobody in.
    """
    import jwt  # noqa: PLC0415 - as said above

    if len(token) > _LONGEST_TOKEN:
        raise TokenError
    try:
        claims = _verified(key, token)
        in_time = _since(claims) - _SKEW_S <= now < claims["exp"]
        bearer = Bearer(int(claims["sub"]), UUID(claims["sid"]))
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError):
        raise TokenError from None
    if not in_time:
        raise TokenError
    return bearer


def _since(claims: Mapping[str, Any]) -> float:
    return float(max(claims["iat"], claims.get("nbf", claims["iat"])))


def _verified(key: SigningKey, token: str) -> dict[str, Any]:
    import jwt  # noqa: PLC0415 - as said above

    decoded = jwt.decode_complete(
        token,
        key.public,
        algorithms=[key.algorithm],
        audience=AUDIENCE,
        issuer=ISSUER,
        # times are compared with the instant that is passed in, not with the library's own clock
        options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    if decoded["header"].get("typ") != _TYPE or decoded["header"].get("kid") != key.kid:
        raise TokenError
    claims: dict[str, Any] = decoded["payload"]
    return claims
