"""Cookies of browsers, and who may have asked for a change that bears one.

A cookie goes along with whatever a page asks for, so a change needs three signs that the page is ours: `SameSite`
keeps the cookie from other sites; the header `X-Requested-With` can be set by no form, and by no script of another
origin without a preflight, which we never grant; and where the browser says which origin asks, it must be this one.
"""

from http import HTTPStatus
from typing import Final, Literal, TypedDict
from urllib.parse import urlsplit

from fastapi import Request, Response

from api.forms.problems import ProblemError
from core.problem_texts import say
from storage.access.sessions import LIVES

COOKIE: Final = "animov_session"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

_HEADER: Final = "X-Requested-With"
_OWN_SITE: Final = frozenset({"same-origin", "none"})


def refuse_forged(request: Request) -> None:
    """Refuse a change that a page of somebody else may have asked for.

    Raises:
        ProblemError: 403, `forged`.
    """
    if request.method in SAFE:
        return
    headers = request.headers
    own_site = headers.get("Sec-Fetch-Site", "none") in _OWN_SITE
    origin = headers.get("Origin")
    own_origin = origin is None or urlsplit(origin).netloc == headers.get("Host")
    if not (headers.get(_HEADER) and own_site and own_origin):
        raise ProblemError(HTTPStatus.FORBIDDEN, "forged", say("forged"))


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """Hand out a session's cookie; the browser keeps it as long as it can ever count, which is decided here."""
    response.set_cookie(COOKIE, secret, max_age=int(LIVES["browser"].whole.total_seconds()), **_attributes(request))


def clear_cookie(request: Request, response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, **_attributes(request))


def _attributes(request: Request) -> "_Attributes":
    # a farm's own box often speaks plain HTTP, over which a browser would not send a Secure cookie
    return {"path": "/", "httponly": True, "samesite": "strict", "secure": request.url.scheme == "https"}


class _Attributes(TypedDict):
    path: str
    httponly: bool
    samesite: Literal["strict"]
    secure: bool
